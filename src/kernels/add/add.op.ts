/** add: a + b, with NumPy's broadcasting. */
import { binaryOp } from "../elementwise/binary.ts";

export const add = binaryOp({
  name: "add",
  apply: (a, b) => a + b,
  wgsl: "a + b",
  wasm: () => {},
});
