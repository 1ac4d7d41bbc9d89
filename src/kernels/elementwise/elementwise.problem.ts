/**
 * The problems of element-wise ops. A unary op sees a flat run of numbers. A binary op broadcasts as NumPy does: its problem is the
 * output's sizes with a stride per operand, 0 where the operand repeats itself, with neighbouring dimensions joined where both
 * operands allow it, so that two equal shapes are one flat run and a row that is added to a matrix is two dimensions.
 */
import { ShapeError } from "../../errors.ts";
import { broadcastShapes, type Shape, sameShape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { Cost } from "../op.ts";
import { describeOperands, expectNonEmpty } from "../shape-rule.ts";

/** One repeat of a unary op: a flat run, whatever the layout. */
export interface UnaryProblem {
  readonly elements: number;
}

/** One repeat of a binary op. */
export interface BinaryProblem {
  /** Sizes of the output, row-major; at least one. */
  readonly shape: Shape;
  /** For each operand the step, in elements, along each dimension of `shape`; 0 where it is broadcast. */
  readonly strides: readonly [a: readonly number[], b: readonly number[]];
  /** Numbers of the output. */
  readonly elements: number;
  /** Numbers of each operand's part. An operand that walks has the part of repeat r at r · its size, one that does not has it at 0. */
  readonly sizes: readonly [a: number, b: number];
  readonly walks: readonly [a: boolean, b: boolean];
  /** Both operands have the same shape: then any layout goes, as long as it is the same. */
  readonly sameShape: boolean;
}

export function binaryShape(op: string, inputs: readonly Shape[]): Shape {
  const [a, b] = inputs as [Shape, Shape];
  expectNonEmpty(op, ["a", "b"], inputs);
  const out = broadcastShapes(a, b);
  if (!out)
    throw new ShapeError(
      `${describeOperands(op, ["a", "b"], inputs)}: expected shapes that broadcast: counted from the last, dimensions are equal or 1`,
    );
  return out;
}

/** Dimension 0 is a repeat unless the output is a scalar; an operand walks along when it has that dimension, unbroadcast. */
export function binaryRepeats(op: string, inputs: readonly Shape[]): readonly boolean[] | undefined {
  const out = binaryShape(op, inputs);
  if (out.length === 0) return undefined;
  return inputs.map((shape) => shape.length === out.length && shape[0] === out[0]);
}

export function binaryProblem(op: string, inputs: readonly Shape[], walks: readonly boolean[]): BinaryProblem {
  const [a, b] = inputs as [Shape, Shape];
  const joined = joinDims(binaryShape(op, inputs), [a, b]);
  return {
    shape: joined.shape,
    strides: [joined.strides[0]!, joined.strides[1]!],
    elements: sizeOf(joined.shape),
    sizes: [sizeOf(a), sizeOf(b)],
    walks: [walks[0]!, walks[1]!],
    sameShape: sameShape(a, b),
  };
}

/** Strides of `shape` over the dimensions of `out`, which it broadcasts to: 0 where it has no such dimension or size 1. */
export function broadcastStrides(shape: Shape, out: Shape): number[] {
  const own = stridesOf(shape);
  const missing = out.length - shape.length;
  return out.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : own[i - missing]!));
}

/** Drops dimensions of size 1 and joins neighbours that every operand walks through as through one. */
function joinDims(out: Shape, operands: readonly Shape[]): { shape: number[]; strides: number[][] } {
  const full = operands.map((operand) => broadcastStrides(operand, out));
  const shape: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const [i, size] of out.entries()) {
    if (size === 1) continue;
    const last = shape.length - 1;
    if (last >= 0 && full.every((own, k) => strides[k]![last] === own[i]! * size)) {
      shape[last]! *= size;
      for (const [k, own] of full.entries()) strides[k]![last] = own[i]!;
    } else {
      shape.push(size);
      for (const [k, own] of full.entries()) strides[k]!.push(own[i]!);
    }
  }
  return shape.length > 0 ? { shape, strides } : { shape: [1], strides: operands.map(() => [1]) };
}

export function unaryCost(p: UnaryProblem): Cost {
  return { flops: p.elements, bytes: 4 * 2 * p.elements };
}

export function binaryCost(p: BinaryProblem): Cost {
  return { flops: p.elements, bytes: 4 * (p.sizes[0] + p.sizes[1] + p.elements) };
}
