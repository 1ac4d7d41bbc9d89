/** maxPool2d in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { MaxPool2dProblem } from "./max-pool2d.problem.ts";

export const maxPool2dWasm: readonly WasmVariant<MaxPool2dProblem>[] = [];
