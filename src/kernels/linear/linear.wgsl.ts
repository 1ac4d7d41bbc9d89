/** linear in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { LinearProblem } from "./linear.problem.ts";

export const linearWgsl: readonly WgslVariant<LinearProblem>[] = [];
