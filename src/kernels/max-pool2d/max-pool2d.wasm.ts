/** maxPool2d in WebAssembly, NHWC. */
import { f32x4, v128 } from "../../asm/simd.ts";
import { poolWasm, slidingWindow } from "../pool2d/pool2d.wasm.ts";
import type { MaxPool2dProblem } from "./max-pool2d.problem.ts";

export const maxPool2dWasm = poolWasm<MaxPool2dProblem>("maxPool2d", "none", (p, f) => ({
  dilation: p.dilation,
  window: (axis, o) => slidingWindow(f, p, axis, o),
  // The largest, and where a NaN was seen all ones, which are one: max, in which it wins from either side, takes x64 eight
  // instructions, and V8 does not pack it.
  start: [f32x4.const(Number.NEGATIVE_INFINITY), v128.zero],
  combine: ([max, nan], x) => [f32x4.pmax(max!, x), v128.or(nan!, f32x4.ne(x, x))],
  finish: ([max, nan]) => v128.or(max!, nan!),
}));
