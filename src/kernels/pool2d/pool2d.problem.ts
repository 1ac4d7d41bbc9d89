/**
 * What the pools with a sliding window share: geometry, output sizes and window arithmetic, all PyTorch's.
 * (N, C, H, W) → (N, C, OH, OW), OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1, with ceilMode ⌈…⌉ but without a last
 * window that would start in the padding after the image.
 */
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Cost } from "../op.ts";
import { expectPair, formatPair, type Pair } from "../pair.ts";
import { expectNonEmpty } from "../shape-rule.ts";

export interface Pool2dAttrs {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly ceilMode: boolean;
}

/** Sizes of one image; ceilMode is in outHeight and outWidth. */
export interface Pool2dProblem {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

/** The output's shape; `dilation` is [1, 1] for pools that have none. Throws ShapeError. */
export function pool2dShape(op: string, attrs: Pool2dAttrs, dilation: Pair, x: Shape): Shape {
  const { kernel, stride, padding, ceilMode } = attrs;
  expectImages(op, x);
  expectPair(op, "kernel", kernel, 1);
  expectPair(op, "stride", stride, 1);
  expectPair(op, "padding", padding, 0);
  expectPair(op, "dilation", dilation, 1);
  if (padding.some((size, i) => size > kernel[i]! / 2))
    throw new ShapeError(
      `${op}: padding is ${formatPair(padding)} and kernel ${formatPair(kernel)}: expected a padding of at most half the kernel`,
    );
  const sizes = ([0, 1] as const).map((i) => {
    const rest = x[i + 2]! + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1;
    const count = (ceilMode ? Math.ceil(rest / stride[i]) : Math.floor(rest / stride[i])) + 1;
    return ceilMode && (count - 1) * stride[i] >= x[i + 2]! + padding[i] ? count - 1 : count;
  });
  if (sizes.some((size) => size < 1))
    throw new ShapeError(
      `${op}: x is ${formatShape(x)}, kernel ${formatPair(kernel)}, padding ${formatPair(padding)}, dilation ${formatPair(dilation)}: expected a kernel no larger than the padded image`,
    );
  return [x[0]!, x[1]!, ...sizes];
}

/** Throws unless x is N×C×H×W and not empty. */
export function expectImages(op: string, x: Shape): void {
  if (x.length !== 4) throw new ShapeError(`${op}: x is ${formatShape(x)}: expected rank 4, N×C×H×W`);
  expectNonEmpty(op, ["x"], [x]);
}

export function pool2dProblem(op: string, attrs: Pool2dAttrs, dilation: Pair, x: Shape): Pool2dProblem {
  const [, channels, height, width] = x as [number, number, number, number];
  const [, , outHeight, outWidth] = pool2dShape(op, attrs, dilation, x) as [number, number, number, number];
  const { kernel, stride, padding } = attrs;
  return { channels, height, width, outHeight, outWidth, kernel, stride, padding, dilation };
}

export function pool2dCost(p: Pool2dProblem): Cost {
  const outputs = p.channels * p.outHeight * p.outWidth;
  return {
    flops: outputs * p.kernel[0] * p.kernel[1],
    bytes: 4 * (p.channels * p.height * p.width + outputs),
  };
}
