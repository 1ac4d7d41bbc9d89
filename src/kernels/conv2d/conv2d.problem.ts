/**
 * What conv2d is: its attributes, its shape rule, the problem its kernels are specialised for. PyTorch's torch.nn.functional.conv2d, with an
 * optional epilogue that passes may fuse into it: + bias, + residual, ReLU, in this order.
 * (N, C, H, W) * (O, C/groups, KH, KW) → (N, O, OH, OW), OH = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1.
 */
import { ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Borders } from "../border.ts";
import type { Cost, Operand } from "../op.ts";
import { expectPair, formatPair, type Pair } from "../pair.ts";
import { describeOperands, expectNonEmpty, expectShape } from "../shape-rule.ts";

export interface Conv2dAttrs {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  /** A third operand of shape (O). */
  readonly bias: boolean;
  /** A last operand of the output's shape, added before the ReLU. Written by the pass fuse-epilogue. */
  readonly residual: boolean;
  /** Written by the pass fuse-epilogue. */
  readonly relu: boolean;
  /** Written by the pass assign-borders. */
  readonly borders?: Borders;
}

/** Sizes of one image. Operands in order: x, weight, [bias], [residual]. */
export interface Conv2dProblem {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly relu: boolean;
  readonly borders?: Borders;
}

export function conv2dOperands(attrs: Conv2dAttrs): Operand[] {
  const list: Operand[] = [
    { name: "x", role: "value" },
    { name: "weight", role: "weight" },
  ];
  if (attrs.bias) list.push({ name: "bias", role: "weight" });
  if (attrs.residual) list.push({ name: "residual", role: "value" });
  return list;
}

export function conv2dShape(attrs: Conv2dAttrs, inputs: readonly Shape[]): Shape {
  const [x, weight] = inputs as [Shape, Shape];
  const where = describeOperands("conv2d", ["x", "weight"], [x, weight]);
  if (x.length !== 4) throw new ShapeError(`${where}: expected x of rank 4, N×C×H×W`);
  if (weight.length !== 4) throw new ShapeError(`${where}: expected weight of rank 4, O×C/groups×KH×KW`);
  expectNonEmpty("conv2d", ["x", "weight"], [x, weight]);
  const { stride, padding, dilation, groups } = attrs;
  expectPair("conv2d", "stride", stride, 1);
  expectPair("conv2d", "padding", padding, 0);
  expectPair("conv2d", "dilation", dilation, 1);
  const [n, channels, ...size] = x as [number, number, number, number];
  const [outChannels, groupChannels, ...kernel] = weight as [number, number, number, number];
  if (!Number.isSafeInteger(groups) || groups < 1 || channels % groups !== 0 || outChannels % groups !== 0)
    throw new ShapeError(
      `${where}, groups is ${groups}: expected groups to divide both ${channels} and ${outChannels} channels`,
    );
  if (groupChannels * groups !== channels)
    throw new ShapeError(`${where}, groups is ${groups}: expected ${channels / groups} in dimension 1 of weight`);
  let next = 2;
  if (attrs.bias) expectShape(where, "bias", inputs[next++]!, [outChannels]);
  const out = [
    n,
    outChannels,
    ...size.map((dim, i) => outputSize(dim, kernel[i]!, stride[i]!, padding[i]!, dilation[i]!)),
  ];
  if (out[2]! < 1 || out[3]! < 1)
    throw new ShapeError(
      `${where}, padding ${formatPair(padding)}, dilation ${formatPair(dilation)}: expected a kernel no larger than the padded image`,
    );
  const padded = channels * (size[0]! + 2 * padding[0]) * (size[1]! + 2 * padding[1]);
  if (Math.max(padded, sizeOf(out)) >= 2 ** 30)
    throw new ShapeError(
      `${where}, padding ${formatPair(padding)}: expected fewer than 2^30 numbers in the output and in a padded image`,
    );
  if (attrs.residual) expectShape(where, "residual", inputs[next]!, out);
  return out;
}

function outputSize(size: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

export function conv2dProblem(attrs: Conv2dAttrs, inputs: readonly Shape[]): Conv2dProblem {
  const [, channels, height, width] = inputs[0] as [number, number, number, number];
  const [outChannels, , kernelHeight, kernelWidth] = inputs[1] as [number, number, number, number];
  const [, , outHeight, outWidth] = conv2dShape(attrs, inputs) as [number, number, number, number];
  const { stride, padding, dilation, groups, bias, residual, relu, borders } = attrs;
  const kernel = [kernelHeight, kernelWidth] as const;
  return {
    ...{ channels, height, width, outChannels, outHeight, outWidth },
    ...{ kernel, stride, padding, dilation, groups, bias, residual, relu, borders },
  };
}

export function conv2dCost(p: Conv2dProblem): Cost {
  const outputs = p.outChannels * p.outHeight * p.outWidth;
  const depth = (p.channels / p.groups) * p.kernel[0] * p.kernel[1];
  const weights = p.outChannels * depth;
  const moved = p.channels * p.height * p.width + weights + outputs * (p.residual ? 2 : 1);
  return { flops: 2 * outputs * depth, bytes: 4 * moved };
}

/** Index of the residual operand, after x, weight and an optional bias. */
export function residualIndex(p: Conv2dProblem): number {
  return p.bias ? 3 : 2;
}

/** Length of one dot product: the channels of a group times the kernel's positions. */
export function conv2dDepth(p: Conv2dProblem): number {
  return (p.channels / p.groups) * sizeOf(p.kernel);
}

/** The residual is read where the output is written, just before: its memory may be the output's. */
export function residualInPlace(p: Conv2dProblem): number | undefined {
  return p.residual ? residualIndex(p) : undefined;
}
