/** linear's cases: the classifier's sizes, odd ones, and x of ranks 1 to 4. */
import type { OpCase } from "../op.ts";
import type { LinearAttrs } from "./linear.problem.ts";

export const linearCases: readonly OpCase<LinearAttrs>[] = [];
