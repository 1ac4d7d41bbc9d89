/** convertLayout in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { ConvertLayoutProblem } from "./convert-layout.problem.ts";

export const convertLayoutWasm: readonly WasmVariant<ConvertLayoutProblem>[] = [];
