/** avgPool2d's cases: the grid of both pools, with both divisors wherever they can differ; windows that stick out of the padding. */
import type { OpCase } from "../op.ts";
import { pool2dGrid } from "../pool2d/pool2d.cases.ts";
import type { AvgPool2dAttrs } from "./avg-pool2d.problem.ts";

const halves = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], ceilMode: false, countIncludePad: true } as const;

export const avgPool2dCases: readonly OpCase<AvgPool2dAttrs>[] = [
  { name: "halves", attrs: halves, inputs: [{ shape: [1, 16, 14, 14] }] },
  { name: "halves-odd-batch-5", attrs: halves, inputs: [{ shape: [5, 3, 7, 9] }] },
  {
    name: "whole-image",
    attrs: { ...halves, kernel: [7, 7], stride: [1, 1] },
    inputs: [{ shape: [3, 12, 7, 7] }],
  },
  {
    name: "kernel-larger-than-image",
    attrs: { ...halves, kernel: [5, 4], stride: [3, 3], padding: [2, 2], ceilMode: true },
    inputs: [{ shape: [1, 2, 2, 3] }],
  },
  ...pool2dGrid().flatMap(({ name, attrs, x }) => {
    const both = attrs.padding.some((size) => size > 0) ? [true, false] : [true];
    return both.map((countIncludePad) => ({
      name: `${name}${countIncludePad ? "" : "-inside-only"}`,
      attrs: { ...attrs, countIncludePad },
      inputs: [{ shape: x }],
    }));
  }),
];
