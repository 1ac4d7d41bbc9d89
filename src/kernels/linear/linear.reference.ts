/** linear in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type LinearAttrs, linearShape } from "./linear.problem.ts";

/** y[r,o] = Σₖ x[r,k] · weight[o,k] + bias[o], for each row r of x; sum in float64. */
export function linearReference(attrs: LinearAttrs, inputs: readonly HostTensor[]): HostTensor {
  const [x, weight, bias] = inputs as [HostTensor, HostTensor, HostTensor | undefined];
  const shape = linearShape(
    attrs,
    inputs.map((input) => input.shape),
  );
  const [outFeatures, depth] = weight.shape as [number, number];
  const data = new Float32Array(sizeOf(shape)); // (rows, O)
  for (let out = 0; out < data.length; out++) {
    const o = out % outFeatures;
    const row = ((out - o) / outFeatures) * depth;
    let sum = 0;
    for (let k = 0; k < depth; k++) sum += x.data[row + k]! * weight.data[o * depth + k]!;
    data[out] = bias ? sum + bias.data[o]! : sum;
  }
  return { shape, dtype: "float32", data };
}
