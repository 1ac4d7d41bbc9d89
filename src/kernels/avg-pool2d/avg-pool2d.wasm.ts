/** avgPool2d in WebAssembly, NHWC. */
import { mean, poolWasm, slidingWindow } from "../pool2d/pool2d.wasm.ts";
import type { AvgPool2dProblem } from "./avg-pool2d.problem.ts";

export const avgPool2dWasm = poolWasm<AvgPool2dProblem>("avgPool2d", "ky, kx", (p, f) => ({
  ...mean,
  dilation: p.dilation,
  window: (axis, o) => slidingWindow(f, p, axis, o, p.countIncludePad),
}));
