/** maxPool2d's cases: ResNet's own, the grid of both pools, dilations, and images that are all negative, whose padding must not win. */
import type { OpCase } from "../op.ts";
import { pool2dGrid } from "../pool2d/pool2d.cases.ts";
import type { MaxPool2dAttrs } from "./max-pool2d.problem.ts";

const resnet = { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceilMode: false } as const;

export const maxPool2dCases: readonly OpCase<MaxPool2dAttrs>[] = [
  { name: "resnet", attrs: resnet, inputs: [{ shape: [1, 16, 28, 28] }] },
  { name: "resnet-odd-batch-3", attrs: resnet, inputs: [{ shape: [3, 5, 15, 13] }] },
  { name: "resnet-negative", attrs: resnet, inputs: [{ shape: [2, 4, 8, 8], fill: "positive", scale: -1 }] },
  {
    name: "whole-image",
    attrs: { ...resnet, kernel: [6, 7], stride: [1, 1], padding: [0, 0] },
    inputs: [{ shape: [2, 6, 6, 7] }],
  },
  {
    name: "dilation-2",
    attrs: { ...resnet, stride: [1, 1], padding: [0, 0], dilation: [2, 2] },
    inputs: [{ shape: [1, 4, 9, 10] }],
  },
  {
    name: "dilation-uneven",
    attrs: { ...resnet, kernel: [2, 3], stride: [2, 1], padding: [1, 1], dilation: [3, 2] },
    inputs: [{ shape: [2, 3, 11, 9], fill: "positive", scale: -1 }],
  },
  {
    name: "dilation-ceil",
    attrs: { ...resnet, padding: [0, 1], dilation: [2, 1], ceilMode: true },
    inputs: [{ shape: [4, 7, 10, 12] }],
  },
  {
    name: "kernel-larger-than-image",
    attrs: { ...resnet, kernel: [5, 5], stride: [3, 3], padding: [2, 2], ceilMode: true },
    inputs: [{ shape: [1, 2, 2, 3] }],
  },
  ...pool2dGrid().map(({ name, attrs, x }) => ({
    name,
    attrs: { ...attrs, dilation: [1, 1] } as const,
    inputs: [{ shape: x }],
  })),
];
