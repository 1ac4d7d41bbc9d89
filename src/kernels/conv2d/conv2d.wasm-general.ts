/** conv2d in WebAssembly for any shape. Not written yet. */
import type { WasmVariant } from "../op.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";

export const conv2dWasmGeneral: WasmVariant<Conv2dProblem> = {
  id: "conv2d.wasm-general",
  sumOrder: "none",
  accepts: () => "not written yet",
  layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
  stages: () => [],
};
