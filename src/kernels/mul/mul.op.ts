/** mul: a · b, with NumPy's broadcasting. */
import { f32x4 } from "../../asm/simd.ts";
import { binaryOp } from "../elementwise/binary.ts";

export const mul = binaryOp({
  name: "mul",
  apply: (a, b) => a * b,
  wgsl: "a * b",
  wasm: f32x4.mul,
});
