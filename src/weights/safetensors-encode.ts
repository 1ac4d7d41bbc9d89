/**
 * Numbers to the bytes of a safetensors dtype: floats rounded once to the nearest, ties to even, and nothing lost in silence
 * beyond that: a number that overflows the dtype, or is no whole number where one is wanted, is an error.
 */
import type { WeightError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import { bfloat16, binary16, type Format16, roundTo16 } from "./float-formats.ts";
import type { SafetensorsDtype } from "./stored-dtypes.ts";
import type { Breach } from "./weight-source.ts";

export type Numbers = ArrayLike<number> | ArrayLike<bigint>;

/** The bytes of `data` in `dtype`. Throws what `breach` makes of the first element that does not fit, and of F4, F6, F8 and C64. */
export function encodeNumbers(dtype: SafetensorsDtype, data: Numbers, breach: Breach): Uint8Array {
  const n = data.length;
  switch (dtype) {
    case "F64":
      return encodeFloats(new Float64Array(n), data, dtype, breach);
    case "F32":
      return encodeFloats(new Float32Array(n), data, dtype, breach);
    case "F16":
      return encodeHalves(binary16, data, dtype, breach);
    case "BF16":
      return encodeHalves(bfloat16, data, dtype, breach);
    case "I32":
      return encodeIntegers(new Int32Array(n), data, dtype, breach);
    case "U32":
      return encodeIntegers(new Uint32Array(n), data, dtype, breach);
    case "I16":
      return encodeIntegers(new Int16Array(n), data, dtype, breach);
    case "U16":
      return encodeIntegers(new Uint16Array(n), data, dtype, breach);
    case "I8":
      return encodeIntegers(new Int8Array(n), data, dtype, breach);
    case "U8":
      return encodeIntegers(new Uint8Array(n), data, dtype, breach);
    case "BOOL": {
      const bits = encodeIntegers(new Uint8Array(n), data, dtype, breach);
      const wrong = bits.findIndex((bit) => bit > 1);
      if (wrong >= 0) throw unfit(data[wrong]!, wrong, dtype, breach);
      return bits;
    }
    case "I64":
      return encodeLongs(new BigInt64Array(n), data, dtype, breach);
    case "U64":
      return encodeLongs(new BigUint64Array(n), data, dtype, breach);
    case "F4":
    case "F6_E2M3":
    case "F6_E3M2":
    case "F8_E5M2":
    case "F8_E4M3":
    case "F8_E8M0":
    case "F8_E4M3FNUZ":
    case "F8_E5M2FNUZ":
    case "C64":
      throw breach(`${dtype} is written from bytes, not from numbers`);
    default:
      return dtype satisfies never;
  }
}

function encodeFloats(out: Float32Array | Float64Array, data: Numbers, dtype: string, breach: Breach): Uint8Array {
  for (let i = 0; i < data.length; i++) {
    const value = Number(elementOf(data, i, breach));
    out[i] = value;
    if (!Number.isFinite(out[i]!) && Number.isFinite(value)) throw unfit(value, i, dtype, breach);
  }
  return bytesOf(out);
}

function encodeHalves(format: Format16, data: Numbers, dtype: string, breach: Breach): Uint8Array {
  const out = new Uint16Array(data.length);
  const infinity = roundTo16(Number.POSITIVE_INFINITY, format);
  for (let i = 0; i < data.length; i++) {
    const value = Number(elementOf(data, i, breach));
    out[i] = roundTo16(value, format);
    if ((out[i]! & 0x7fff) === infinity && Number.isFinite(value)) throw unfit(value, i, dtype, breach);
  }
  return bytesOf(out);
}

type IntegerArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

function encodeIntegers(out: IntegerArray, data: Numbers, dtype: string, breach: Breach): Uint8Array {
  for (let i = 0; i < data.length; i++) {
    const value = Number(elementOf(data, i, breach));
    out[i] = value;
    if (out[i] !== value) throw unfit(value, i, dtype, breach);
  }
  return bytesOf(out);
}

function encodeLongs(out: BigInt64Array | BigUint64Array, data: Numbers, dtype: string, breach: Breach): Uint8Array {
  for (let i = 0; i < data.length; i++) {
    const value = elementOf(data, i, breach);
    if (typeof value === "number") {
      if (!Number.isInteger(value)) throw unfit(value, i, dtype, breach);
      if (Math.abs(value) > 2 ** 53)
        throw breach(`element ${i} is ${value}; beyond ±2^53, ${dtype} is written from bigints`);
    }
    out[i] = BigInt(value);
    if (out[i] !== BigInt(value)) throw unfit(value, i, dtype, breach);
  }
  return bytesOf(out);
}

/** JavaScript would write NaN for what is no number, or 5 for "5". */
function elementOf(data: Numbers, index: number, breach: Breach): number | bigint {
  const value: unknown = data[index];
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw breach(`element ${index} is ${describeValue(value)}; expected a number`);
}

function unfit(value: number | bigint, index: number, dtype: string, breach: Breach): WeightError {
  return breach(`element ${index} is ${value}, which ${dtype} cannot hold`);
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
