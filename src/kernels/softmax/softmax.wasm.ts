/** softmax in WebAssembly. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { SoftmaxProblem } from "./softmax.problem.ts";

export const softmaxWasm: readonly WasmVariant<SoftmaxProblem>[] = [];
