/**
 * What convertLayout is: the same images in another order in memory, inserted by the pass assign-layout where neighbours differ. What
 * it computes is what it is given, so its shape and its reference are the identity.
 */
import type { Shape } from "../../tensor/shape.ts";
import { type Borders, type Extent, extentWithin } from "../border.ts";
import type { Cost, Layout } from "../op.ts";
import { expectImages } from "../pool2d/pool2d.problem.ts";

export interface ConvertLayoutAttrs {
  readonly from: Layout;
  readonly to: Layout;
  /** Written by the pass assign-borders. */
  readonly borders?: Borders;
}

/** One image: in `nchw` number (c, p) is at c · positions + p, in `nhwc` at p · channels + c. */
export interface ConvertLayoutProblem {
  readonly channels: number;
  /** Height times width. */
  readonly positions: number;
  readonly from: Layout;
  readonly to: Layout;
  /** Where x lies in a border: the lines of an image. */
  readonly lines?: { readonly width: number; readonly extent: Extent };
}

export function convertLayoutShape(x: Shape): Shape {
  expectImages("convertLayout", x);
  return x;
}

export function convertLayoutProblem(attrs: ConvertLayoutAttrs, x: Shape): ConvertLayoutProblem {
  const [, channels, height, width] = x as [number, number, number, number];
  const border = attrs.borders?.input;
  return {
    ...{ channels, positions: height * width, from: attrs.from, to: attrs.to },
    ...(border ? { lines: { width, extent: extentWithin(height, width, border) } } : {}),
  };
}

export function convertLayoutCost(p: ConvertLayoutProblem): Cost {
  return { flops: 0, bytes: 4 * 2 * p.channels * p.positions };
}
