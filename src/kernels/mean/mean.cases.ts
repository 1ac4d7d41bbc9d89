/** mean's cases: each set of dimensions of several ranks, kept and not. */
import type { OpCase } from "../op.ts";
import type { MeanAttrs } from "./mean.problem.ts";

export const meanCases: readonly OpCase<MeanAttrs>[] = [];
