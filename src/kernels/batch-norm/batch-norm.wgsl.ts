/** batchNorm in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { BatchNormProblem } from "./batch-norm.problem.ts";

export const batchNormWgsl: readonly WgslVariant<BatchNormProblem>[] = [];
