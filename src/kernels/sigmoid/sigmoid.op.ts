/** sigmoid: 1 / (1 + exp(−x)). */
import { f32x4 } from "../../asm/simd.ts";
import { unaryOp } from "../elementwise/unary.ts";
import { expLanes } from "../wasm/exp.ts";

export const sigmoid = unaryOp({
  name: "sigmoid",
  apply: (x) => 1 / (1 + Math.exp(-x)),
  wgsl: "1.0 / (1.0 + exp(-x))",
  wasm: (x, f) => f32x4.div(f32x4.const(1), f32x4.add(f32x4.const(1), expLanes(f, f32x4.neg(x)))),
  cases: [{ name: "far-from-zero", attrs: {}, inputs: [{ shape: [2, 33], scale: 120 }] }],
});
