/** The element types that a tensor in memory can have, each with its typed array. Files know more (see weights/): they widen on reading. */

/** Every dtype with its typed array. */
export interface TypedArrays {
  float32: Float32Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
}

export type DType = keyof TypedArrays;

/** Numbers of a weight: what constants read as, before a kernel packs them into float32. */
export type FloatArray = Float32Array | Float64Array;
