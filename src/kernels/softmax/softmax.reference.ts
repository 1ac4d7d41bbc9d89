/** softmax in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { type SoftmaxAttrs, softmaxProblem } from "./softmax.problem.ts";

/** y[o,·,i] = exp(x[o,·,i] − max) / Σ exp(x[o,·,i] − max); in float64. */
export function softmaxReference(attrs: SoftmaxAttrs, x: HostTensor): HostTensor {
  const { outer, length, inner } = softmaxProblem(attrs, x.shape);
  const data = new Float32Array(x.data.length); // (outer, length, inner)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const at = (l: number) => (o * length + l) * inner + i;
      let max = Number.NEGATIVE_INFINITY;
      for (let l = 0; l < length; l++) max = Math.max(max, x.data[at(l)]!);
      let sum = 0;
      for (let l = 0; l < length; l++) sum += Math.exp(x.data[at(l)]! - max);
      for (let l = 0; l < length; l++) data[at(l)] = Math.exp(x.data[at(l)]! - max) / sum;
    }
  return { shape: x.shape, dtype: "float32", data };
}
