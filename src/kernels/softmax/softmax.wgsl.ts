/** softmax in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { SoftmaxProblem } from "./softmax.problem.ts";

export const softmaxWgsl: readonly WgslVariant<SoftmaxProblem>[] = [];
