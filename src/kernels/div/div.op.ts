/** div: a / b, with NumPy's broadcasting. */
import { binaryOp } from "../elementwise/binary.ts";

export const div = binaryOp({
  name: "div",
  apply: (a, b) => a / b,
  wgsl: "a / b",
  wasm: () => {},
  fillB: "positive",
});
