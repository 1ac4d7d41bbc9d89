/** maxPool2d's cases: ResNet's own, then kernels, strides, paddings, dilations, ceilMode and odd sizes. */
import type { OpCase } from "../op.ts";
import type { MaxPool2dAttrs } from "./max-pool2d.problem.ts";

export const maxPool2dCases: readonly OpCase<MaxPool2dAttrs>[] = [];
