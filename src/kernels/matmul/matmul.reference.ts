/** matmul in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { matmulShape } from "./matmul.problem.ts";

/** y[s,i,j] = Σₖ a[s,i,k] · b[s,k,j] for each matrix s of the stack; sum in float64. */
export function matmulReference(a: HostTensor, b: HostTensor): HostTensor {
  const shape = matmulShape([a.shape, b.shape]);
  const [rows, depth] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1)!;
  const data = new Float32Array(sizeOf(shape)); // (stack, rows, columns)
  const stackA = a.data.length / (rows * depth);
  const stackB = b.data.length / (depth * columns);
  for (let out = 0; out < data.length; out++) {
    const j = out % columns;
    const i = ((out - j) / columns) % rows;
    const s = Math.floor(out / (rows * columns));
    let sum = 0;
    for (let k = 0; k < depth; k++)
      sum += a.data[((s % stackA) * rows + i) * depth + k]! * b.data[((s % stackB) * depth + k) * columns + j]!;
    data[out] = sum;
  }
  return { shape, dtype: "float32", data };
}
