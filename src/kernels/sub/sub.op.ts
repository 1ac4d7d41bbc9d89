/** sub: a − b, with NumPy's broadcasting. */
import { binaryOp } from "../elementwise/binary.ts";

export const sub = binaryOp({
  name: "sub",
  apply: (a, b) => a - b,
  wgsl: "a - b",
  wasm: () => {},
});
