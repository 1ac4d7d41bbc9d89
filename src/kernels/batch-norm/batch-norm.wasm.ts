/** batchNorm in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { BatchNormProblem } from "./batch-norm.problem.ts";

export const batchNormWasm: readonly WasmVariant<BatchNormProblem>[] = [];
