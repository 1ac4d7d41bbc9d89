/** mul: a · b, with NumPy's broadcasting. */
import { binaryOp } from "../elementwise/binary.ts";

export const mul = binaryOp({
  name: "mul",
  apply: (a, b) => a * b,
  wgsl: "a * b",
  wasm: () => {},
});
