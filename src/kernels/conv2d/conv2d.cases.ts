/** conv2d's cases: strides, paddings, dilations, groups, odd sizes and channel counts, batches 1 to 5, and the epilogue. */
import type { OpCase } from "../op.ts";
import type { Pair } from "../pair.ts";
import type { Conv2dAttrs } from "./conv2d.problem.ts";

interface Spec {
  batch?: number;
  /** channels, height, width */
  x: readonly [number, number, number];
  out: number;
  kernel: Pair;
  attrs?: Partial<Conv2dAttrs>;
}

function conv2dCase(name: string, spec: Spec): OpCase<Conv2dAttrs> {
  const attrs: Conv2dAttrs = {
    ...{ stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, bias: false, residual: false, relu: false },
    ...spec.attrs,
  };
  const { batch = 1, x, out, kernel } = spec;
  const size = ([0, 1] as const).map(
    (i) =>
      Math.floor((x[i + 1]! + 2 * attrs.padding[i] - attrs.dilation[i] * (kernel[i] - 1) - 1) / attrs.stride[i]) + 1,
  );
  const inputs: { shape: readonly number[] }[] = [
    { shape: [batch, ...x] },
    { shape: [out, x[0] / attrs.groups, ...kernel] },
  ];
  if (attrs.bias) inputs.push({ shape: [out] });
  if (attrs.residual) inputs.push({ shape: [batch, out, ...size] });
  return { name, attrs, inputs };
}

const same3x3 = { padding: [1, 1] } as const;

export const conv2dCases: readonly OpCase<Conv2dAttrs>[] = [
  conv2dCase("1x1", { x: [16, 7, 7], out: 32, kernel: [1, 1] }),
  conv2dCase("1x1-one-pixel", { x: [5, 1, 1], out: 3, kernel: [1, 1], attrs: { bias: true } }),
  conv2dCase("1x1-stride-2-batch-3", { batch: 3, x: [12, 9, 8], out: 20, kernel: [1, 1], attrs: { stride: [2, 2] } }),
  conv2dCase("1x1-wide", { x: [64, 14, 14], out: 256, kernel: [1, 1], attrs: { bias: true, relu: true } }),
  conv2dCase("1x1-deep-batch-2", { batch: 2, x: [256, 7, 7], out: 64, kernel: [1, 1], attrs: { bias: true } }),
  conv2dCase("3x3", { x: [16, 14, 14], out: 16, kernel: [3, 3], attrs: same3x3 }),
  conv2dCase("3x3-no-padding-bias", { x: [3, 8, 9], out: 5, kernel: [3, 3], attrs: { bias: true } }),
  conv2dCase("3x3-batch-5", { batch: 5, x: [8, 7, 7], out: 24, kernel: [3, 3], attrs: { ...same3x3, bias: true } }),
  conv2dCase("3x3-stride-2", { x: [32, 15, 13], out: 48, kernel: [3, 3], attrs: { ...same3x3, stride: [2, 2] } }),
  conv2dCase("3x3-dilation-2", {
    x: [6, 17, 15],
    out: 10,
    kernel: [3, 3],
    attrs: { padding: [2, 2], dilation: [2, 2] },
  }),
  conv2dCase("3x3-uneven", {
    batch: 2,
    x: [7, 11, 10],
    out: 9,
    kernel: [3, 3],
    attrs: { stride: [2, 3], padding: [2, 0], dilation: [1, 2] },
  }),
  conv2dCase("3x3-residual-relu", {
    batch: 2,
    x: [16, 9, 9],
    out: 16,
    kernel: [3, 3],
    attrs: { ...same3x3, bias: true, residual: true, relu: true },
  }),
  conv2dCase("3x3-residual-no-bias", { x: [5, 6, 6], out: 7, kernel: [3, 3], attrs: { ...same3x3, residual: true } }),
  conv2dCase("stem-7x7-stride-2", {
    batch: 2,
    x: [3, 32, 30],
    out: 16,
    kernel: [7, 7],
    attrs: { stride: [2, 2], padding: [3, 3], relu: true },
  }),
  conv2dCase("5x1", { x: [4, 9, 9], out: 6, kernel: [5, 1], attrs: { padding: [2, 0] } }),
  conv2dCase("2x4", { batch: 4, x: [3, 10, 11], out: 4, kernel: [2, 4], attrs: { stride: [1, 2], padding: [1, 3] } }),
  conv2dCase("groups-2", {
    batch: 2,
    x: [8, 9, 9],
    out: 12,
    kernel: [3, 3],
    attrs: { ...same3x3, groups: 2, bias: true },
  }),
  conv2dCase("groups-32", {
    x: [128, 7, 7],
    out: 128,
    kernel: [3, 3],
    attrs: { ...same3x3, groups: 32, relu: true, bias: true },
  }),
  conv2dCase("groups-odd", { x: [9, 6, 5], out: 15, kernel: [3, 3], attrs: { ...same3x3, groups: 3, stride: [2, 1] } }),
  conv2dCase("depthwise", { batch: 3, x: [10, 8, 8], out: 10, kernel: [3, 3], attrs: { ...same3x3, groups: 10 } }),
  conv2dCase("depthwise-multiplier", {
    x: [6, 7, 7],
    out: 12,
    kernel: [3, 3],
    attrs: { ...same3x3, groups: 6, residual: true, relu: true },
  }),
];
