/**
 * What shape rules share: how a message names the operands, and the checks that more than one op makes. Every message has the op,
 * the shapes and what was expected.
 */
import { ShapeError } from "../errors.ts";
import { formatShape, type Shape, sameShape } from "../tensor/shape.ts";

/** `linear: x is 2×5, weight is 3×4`: how a ShapeError begins. */
export function describeOperands(op: string, names: readonly string[], shapes: readonly Shape[]): string {
  return `${op}: ${names.map((name, i) => `${name} is ${formatShape(shapes[i]!)}`).join(", ")}`;
}

/** Throws unless every dimension of every operand is at least 1: there are no empty tensors here. */
export function expectNonEmpty(op: string, names: readonly string[], shapes: readonly Shape[]): void {
  if (shapes.some((shape) => shape.includes(0)))
    throw new ShapeError(`${describeOperands(op, names, shapes)}: expected every dimension to be at least 1`);
}

/** Throws unless the named operand has just this shape. */
export function expectShape(where: string, name: string, actual: Shape, expected: Shape): void {
  if (!sameShape(actual, expected))
    throw new ShapeError(`${where}: ${name} is ${formatShape(actual)}, expected ${formatShape(expected)}`);
}

/** A dimension as PyTorch counts it, from the end where negative, as an index from 0. Throws where the shape has no such dimension. */
export function resolveDim(op: string, name: string, dim: number, shape: Shape): number {
  const rank = shape.length;
  if (!Number.isSafeInteger(dim) || dim < -rank || dim >= rank)
    throw new ShapeError(
      `${op}: ${name} is ${dim} and x is ${formatShape(shape)}: ${
        rank === 0 ? "a scalar has no dimensions" : `expected a whole number from ${-rank} to ${rank - 1}`
      }`,
    );
  return dim < 0 ? dim + rank : dim;
}
