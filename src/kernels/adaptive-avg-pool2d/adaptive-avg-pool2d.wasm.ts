/** adaptiveAvgPool2d in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { AdaptiveAvgPool2dProblem } from "./adaptive-avg-pool2d.problem.ts";

export const adaptiveAvgPool2dWasm: readonly WasmVariant<AdaptiveAvgPool2dProblem>[] = [];
