/** matmul in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { MatmulProblem } from "./matmul.problem.ts";

export const matmulWasm: readonly WasmVariant<MatmulProblem>[] = [];
