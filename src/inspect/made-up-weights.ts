/**
 * Weights for timing where there are none: a network's speed does not depend on them, as long as nothing becomes so small that the processor
 * computes it slowly (denormal numbers), or infinite. Vectors made with them mean nothing.
 */
import type { ModelName } from "../model/architectures.ts";
import { createNetwork } from "../model/architectures.ts";
import { namedParameters } from "../nn/module.ts";
import type { Constant, StateDict } from "../tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";

/** The name that a model with such weights gives as their source. */
export const madeUp = "made-up weights";

/** As He et al. (2015, arXiv:1502.01852) draw them: uniform, of variance 2 / fan-in; batch norms that change nothing. */
export function madeUpWeights(name: ModelName, classes = 1000): StateDict {
  const parameters = namedParameters(createNetwork(name, classes));
  const tensors = [...parameters].map(([path, { shape }]) => [path, constantFor(path, shape)] as const);
  return { tensors: new Map(tensors), metadata: new Map(), source: madeUp, close: async () => undefined };
}

function constantFor(path: string, shape: Shape): Constant {
  const size = sizeOf(shape);
  const filled = (value: number): Constant => ({
    ...{ shape, dtype: "float32", fresh: true, read: async () => new Float32Array(size).fill(value) },
  });
  if (shape.length === 1) return filled(/(weight|running_var)$/.test(path) ? 1 : 0);
  const bound = Math.sqrt(6 / sizeOf(shape.slice(1)));
  return { shape, dtype: "float32", fresh: true, read: async () => noise(size, bound) };
}

/** Uniform in (−bound, bound), the same each time: a multiplicative hash of the index. */
export function noise(size: number, bound: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(size);
  for (let i = 0; i < size; i++) numbers[i] = bound * (((Math.imul(i + 1, 2654435761) >>> 8) + 0.5) / 2 ** 23 - 1);
  return numbers;
}
