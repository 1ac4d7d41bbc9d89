/** adaptiveAvgPool2d in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { AdaptiveAvgPool2dProblem } from "./adaptive-avg-pool2d.problem.ts";

export const adaptiveAvgPool2dWgsl: readonly WgslVariant<AdaptiveAvgPool2dProblem>[] = [];
