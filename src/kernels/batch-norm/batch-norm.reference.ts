/** batchNorm in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { BatchNormAttrs } from "./batch-norm.problem.ts";

/** y[n,c,…] = (x[n,c,…] − mean[c]) / √(variance[c] + eps) · weight[c] + bias[c], in float64. */
export function batchNormReference(attrs: BatchNormAttrs, inputs: readonly HostTensor[]): HostTensor {
  const [x, mean, variance, weight, bias] = inputs as [HostTensor, HostTensor, HostTensor, HostTensor, HostTensor];
  const channels = x.shape[1]!;
  const positions = sizeOf(x.shape.slice(2)); // x: (N, C, positions)
  const data = x.data.map((value, i) => {
    const c = Math.floor(i / positions) % channels;
    return ((value - mean.data[c]!) / Math.sqrt(variance.data[c]! + attrs.eps)) * weight.data[c]! + bias.data[c]!;
  });
  return { shape: x.shape, dtype: "float32", data };
}
