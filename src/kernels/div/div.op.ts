/** div: a / b, with NumPy's broadcasting. */
import { f32x4 } from "../../asm/simd.ts";
import { binaryOp } from "../elementwise/binary.ts";

export const div = binaryOp({
  name: "div",
  apply: (a, b) => a / b,
  wgsl: "a / b",
  wasm: f32x4.div,
  fillB: "positive",
});
