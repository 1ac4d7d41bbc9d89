/**
 * What convertLayout is: the same images in another order in memory, inserted by the pass assign-layout where neighbours differ. What
 * it computes is what it is given, so its shape and its reference are the identity.
 */
import type { Shape } from "../../tensor/shape.ts";
import type { Cost, Layout } from "../op.ts";
import { expectImages } from "../pool2d/pool2d.problem.ts";

export interface ConvertLayoutAttrs {
  readonly from: Layout;
  readonly to: Layout;
}

/** One image: in `nchw` number (c, p) is at c · positions + p, in `nhwc` at p · channels + c. */
export interface ConvertLayoutProblem {
  readonly channels: number;
  /** Height times width. */
  readonly positions: number;
  readonly from: Layout;
  readonly to: Layout;
}

export function convertLayoutShape(x: Shape): Shape {
  expectImages("convertLayout", x);
  return x;
}

export function convertLayoutProblem(attrs: ConvertLayoutAttrs, x: Shape): ConvertLayoutProblem {
  return { channels: x[1]!, positions: x[2]! * x[3]!, from: attrs.from, to: attrs.to };
}

export function convertLayoutCost(p: ConvertLayoutProblem): Cost {
  return { flops: 0, bytes: 4 * 2 * p.channels * p.positions };
}
