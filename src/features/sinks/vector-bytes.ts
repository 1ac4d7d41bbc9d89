/** Vectors as bytes of 32- or 16-bit floats, little-endian; NaN in place of one that is missing, so that no other moves. */
import { binary16, roundTo16 } from "../../weights/float-formats.ts";
import type { FeatureRow } from "../features-of.ts";

/** The largest number that 16 bits hold after rounding: 65504, and what rounds to it. */
const float16Limit = 65520;

/** `width` numbers a row. */
export function vectorBytes(rows: readonly FeatureRow[], width: number, float16: boolean): Uint8Array {
  const numbers = new Float32Array(rows.length * width).fill(Number.NaN);
  for (const [i, { vector }] of rows.entries()) if (vector) numbers.set(vector, i * width);
  const data = float16 ? Uint16Array.from(numbers, (value) => roundTo16(value, binary16)) : numbers;
  return new Uint8Array(data.buffer);
}

/** The first number that would be infinite in 16 bits; -1 where there is none. */
export function beyondFloat16(vector: Float32Array): number {
  return vector.findIndex((value) => Math.abs(value) >= float16Limit);
}
