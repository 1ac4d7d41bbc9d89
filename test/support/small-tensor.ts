/** Tensors of tests that are computed by hand. */
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import type { Shape } from "../../src/tensor/shape.ts";

/** A float32 tensor of a few numbers, row-major. */
export function smallTensor(shape: Shape, numbers: readonly number[]): HostTensor {
  return { shape, dtype: "float32", data: Float32Array.from(numbers) };
}

/** `count` numbers from 1 upwards. */
export function upFrom1(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
