/** maxPool2d in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { MaxPool2dProblem } from "./max-pool2d.problem.ts";

export const maxPool2dWgsl: readonly WgslVariant<MaxPool2dProblem>[] = [];
