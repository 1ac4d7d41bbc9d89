/** avgPool2d in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { AvgPool2dProblem } from "./avg-pool2d.problem.ts";

export const avgPool2dWgsl: readonly WgslVariant<AvgPool2dProblem>[] = [];
