/** add: a + b, with NumPy's broadcasting. */
import { f32x4 } from "../../asm/simd.ts";
import { binaryOp } from "../elementwise/binary.ts";

export const add = binaryOp({
  name: "add",
  apply: (a, b) => a + b,
  wgsl: "a + b",
  wasm: f32x4.add,
});
