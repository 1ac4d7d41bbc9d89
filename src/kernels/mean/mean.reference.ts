/** mean in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { type MeanAttrs, meanShape } from "./mean.problem.ts";

/** Every number of x is added to the output that has its indices along the kept dimensions, in float64; then one division. */
export function meanReference(attrs: MeanAttrs, x: HostTensor): HostTensor {
  const kept = meanShape({ ...attrs, keepDim: true }, x.shape); // x's rank, 1 where averaged
  const keptStrides = stridesOf(kept);
  const strides = stridesOf(x.shape);
  const sums = new Float64Array(sizeOf(kept));
  for (let i = 0; i < x.data.length; i++) {
    let out = 0;
    for (let d = 0; d < kept.length; d++)
      if (kept[d] !== 1) out += (Math.floor(i / strides[d]!) % kept[d]!) * keptStrides[d]!;
    sums[out]! += x.data[i]!;
  }
  const count = x.data.length / sums.length;
  return { shape: meanShape(attrs, x.shape), dtype: "float32", data: Float32Array.from(sums, (sum) => sum / count) };
}
