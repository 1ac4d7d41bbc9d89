/** convertLayout in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { ConvertLayoutProblem } from "./convert-layout.problem.ts";

export const convertLayoutWgsl: readonly WgslVariant<ConvertLayoutProblem>[] = [];
