/**
 * What batchNorm is: torch.nn.functional.batch_norm in evaluation, with the statistics given.
 * y = (x − mean) / √(variance + eps) · weight + bias, for each channel (dimension 1) of x (N, C, …).
 */
import { ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Cost, Operand } from "../op.ts";
import { describeOperands, expectNonEmpty, expectShape } from "../shape-rule.ts";

export interface BatchNormAttrs {
  readonly eps: number;
}

/** Sizes of one repeat: in `nchw` number i is of channel ⌊i / positions⌋, in `nhwc` of channel i mod channels. */
export interface BatchNormProblem {
  readonly channels: number;
  /** Numbers of each channel. */
  readonly positions: number;
  readonly eps: number;
}

export const batchNormOperands: readonly Operand[] = [
  { name: "x", role: "value" },
  { name: "mean", role: "weight" },
  { name: "variance", role: "weight" },
  { name: "weight", role: "weight" },
  { name: "bias", role: "weight" },
];

export function batchNormShape(attrs: BatchNormAttrs, inputs: readonly Shape[]): Shape {
  const x = inputs[0]!;
  const where = describeOperands("batchNorm", ["x"], [x]);
  if (x.length < 2) throw new ShapeError(`${where}: expected rank 2 or more, N×C×…`);
  expectNonEmpty("batchNorm", ["x"], [x]);
  for (let i = 1; i < batchNormOperands.length; i++)
    expectShape(where, batchNormOperands[i]!.name, inputs[i]!, [x[1]!]);
  if (!(Number.isFinite(attrs.eps) && attrs.eps >= 0))
    throw new ShapeError(`batchNorm: eps is ${attrs.eps}; expected a number of at least 0`);
  return x;
}

export function batchNormProblem(attrs: BatchNormAttrs, [x]: readonly Shape[]): BatchNormProblem {
  return { channels: x![1]!, positions: sizeOf(x!.slice(2)), eps: attrs.eps };
}

export function batchNormCost(p: BatchNormProblem): Cost {
  const elements = p.channels * p.positions;
  return { flops: 2 * elements, bytes: 4 * (2 * elements + 4 * p.channels) };
}
