/** What the builders of graphs need from the table of ops: the attributes' types and the output's shape. */
import { ShapeError } from "../errors.ts";
import { type OpName, opOf, type table } from "../kernels/table.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";

export type { OpName } from "../kernels/table.ts";

/** The attributes of an op by its name. */
export type AttrsOf<Name extends OpName> = Parameters<(typeof table)[Name]["shape"]>[0];

/** The output's shape. Throws ShapeError naming the op, the shapes and what was expected. */
export function inferShape<Name extends OpName>(name: Name, attrs: AttrsOf<Name>, inputs: readonly Shape[]): Shape {
  const shape = opOf(name).shape(attrs, inputs);
  if (sizeOf(shape) >= maxNumbers)
    throw new ShapeError(`${name}: the output would be ${formatShape(shape)}; expected fewer than 2^30 numbers`);
  return shape;
}

/** 4 GiB: what 32-bit addresses reach. */
const maxNumbers = 2 ** 30;

/** Names of the operands, in order. */
export function operandNames(name: OpName, attrs: object): string[] {
  return opOf(name)
    .operands(attrs)
    .map((operand) => operand.name);
}

/** Indices of the operands that must be constant while a graph runs: weights. */
export function weightOperands(name: OpName, attrs: object): number[] {
  const operands = opOf(name).operands(attrs);
  return operands.flatMap((operand, i) => (operand.role === "weight" ? [i] : []));
}
