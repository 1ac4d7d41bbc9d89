/** Tensors with their dimensions in another order, for engines that lay them out otherwise than we do. Not timed. */
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { stridesOf } from "../../src/tensor/shape.ts";

/** Dimension i of the result is dimension `order[i]` of `tensor`; at most four. */
export function permute({ shape, data }: Pick<HostTensor, "shape" | "data">, order: readonly number[]) {
  const strides = stridesOf(shape);
  const pad = 4 - order.length;
  const sizes = [...Array<number>(pad).fill(1), ...order.map((dim) => shape[dim]!)] as [number, number, number, number];
  const steps = [...Array<number>(pad).fill(0), ...order.map((dim) => strides[dim]!)] as [
    number,
    number,
    number,
    number,
  ];
  const out = new Float32Array(data.length);
  let to = 0;
  for (let a = 0; a < sizes[0]; a++)
    for (let b = 0; b < sizes[1]; b++)
      for (let c = 0; c < sizes[2]; c++) {
        const from = a * steps[0] + b * steps[1] + c * steps[2];
        for (let d = 0; d < sizes[3]; d++) out[to++] = data[from + d * steps[3]]!;
      }
  return { shape: order.map((dim) => shape[dim]!), data: out };
}
