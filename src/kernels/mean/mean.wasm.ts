/** mean in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { MeanProblem } from "./mean.problem.ts";

export const meanWasm: readonly WasmVariant<MeanProblem>[] = [];
