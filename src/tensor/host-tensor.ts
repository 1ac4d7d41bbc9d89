/**
 * Plain data that every layer passes on: tensors in memory, constants that are read late, and the dictionary of a weight file.
 * Nothing here computes.
 */
import type { DType, FloatArray, TypedArrays } from "./dtype.ts";
import type { Shape } from "./shape.ts";

/** A dense row-major tensor in ordinary memory. */
export interface HostTensor<D extends DType = "float32"> {
  readonly shape: Shape;
  readonly dtype: D;
  readonly data: TypedArrays[D];
}

/**
 * A tensor that is read when it is needed and kept by nobody (design: constants are read late). `read()` may be called more than
 * once, and gives a fresh or an unshared array of `sizeOf(shape)` numbers, row-major.
 */
export interface Constant {
  readonly shape: Shape;
  /** What `read()` gives: float32 for floats up to 32 bits, float64 where unrounded values are known. */
  readonly dtype: "float32" | "float64";
  /** Whether each `read()` gives an array over a buffer of its own, which may move to another thread. */
  readonly fresh?: boolean;
  read(): Promise<FloatArray>;
}

/** A named collection of constants: a weight file, opened. */
export interface StateDict {
  /** In the file's order; names as the file has them. */
  readonly tensors: ReadonlyMap<string, Constant>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Where it comes from, for messages: a file's name or `bytes`. */
  readonly source: string;
  /** Lets go of the file. Constants cannot be read any more. */
  close(): Promise<void>;
}

/** A constant over an array in memory. */
export function constantOf(data: FloatArray, shape: Shape): Constant {
  return { shape, dtype: data instanceof Float64Array ? "float64" : "float32", read: async () => data };
}
