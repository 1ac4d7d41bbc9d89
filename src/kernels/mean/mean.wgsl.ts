/** mean in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { MeanProblem } from "./mean.problem.ts";

export const meanWgsl: readonly WgslVariant<MeanProblem>[] = [];
