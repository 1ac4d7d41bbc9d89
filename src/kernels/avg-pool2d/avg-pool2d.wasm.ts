/** avgPool2d in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { AvgPool2dProblem } from "./avg-pool2d.problem.ts";

export const avgPool2dWasm: readonly WasmVariant<AvgPool2dProblem>[] = [];
