/**
 * What adaptiveAvgPool2d is: torch.nn.functional.adaptive_avg_pool2d. (N, C, H, W) → (N, C, OH, OW), where output row i is the mean of
 * the rows from ⌊i·H/OH⌋ to ⌈(i + 1)·H/OH⌉, the end excluded; columns alike.
 */
import type { Shape } from "../../tensor/shape.ts";
import type { Cost } from "../op.ts";
import { expectPair, type Pair } from "../pair.ts";
import { expectImages } from "../pool2d/pool2d.problem.ts";

export interface AdaptiveAvgPool2dAttrs {
  readonly outputSize: Pair;
}

/** Sizes of one image. */
export interface AdaptiveAvgPool2dProblem {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export function adaptiveAvgPool2dShape(attrs: AdaptiveAvgPool2dAttrs, x: Shape): Shape {
  expectImages("adaptiveAvgPool2d", x);
  expectPair("adaptiveAvgPool2d", "outputSize", attrs.outputSize, 1);
  return [x[0]!, x[1]!, ...attrs.outputSize];
}

export function adaptiveAvgPool2dProblem(attrs: AdaptiveAvgPool2dAttrs, x: Shape): AdaptiveAvgPool2dProblem {
  const [, channels, height, width] = x as [number, number, number, number];
  const [outHeight, outWidth] = attrs.outputSize;
  return { channels, height, width, outHeight, outWidth };
}

export function adaptiveAvgPool2dCost(p: AdaptiveAvgPool2dProblem): Cost {
  const inputs = p.channels * p.height * p.width;
  return { flops: inputs, bytes: 4 * (inputs + p.channels * p.outHeight * p.outWidth) };
}

/** Bin i of `outSize` over `size` positions: [start, end). */
export function adaptiveWindow(i: number, size: number, outSize: number): { start: number; end: number } {
  return { start: Math.floor((i * size) / outSize), end: Math.ceil(((i + 1) * size) / outSize) };
}
