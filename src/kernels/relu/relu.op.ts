/** relu: max(x, 0), where NaN stays NaN as in PyTorch. */
import { f32x4, v128 } from "../../asm/simd.ts";
import { unaryOp } from "../elementwise/unary.ts";

export const relu = unaryOp({
  name: "relu",
  apply: (x) => (x < 0 ? 0 : x),
  wgsl: "select(x, 0.0, x < 0.0)",
  wasm: (x) => f32x4.pmax(x, v128.zero),
});
