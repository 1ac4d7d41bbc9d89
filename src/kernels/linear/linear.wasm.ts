/** linear in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { LinearProblem } from "./linear.problem.ts";

export const linearWasm: readonly WasmVariant<LinearProblem>[] = [];
