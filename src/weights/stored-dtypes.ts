/**
 * The element types that weight files hold, by safetensors' names, with their sizes and what they read as: float32 where it holds
 * every value of theirs exactly, float64 otherwise, and nothing where no array of numbers of ours fits. Files are little-endian,
 * and so is every machine that the library runs on.
 */
import type { FloatArray } from "../tensor/dtype.ts";
import { widenBfloat16, widenFloat8E4M3, widenFloat8E5M2, widenFloat16 } from "./float-formats.ts";
import type { Breach } from "./weight-source.ts";

interface DtypeFacts {
  readonly bits: number;
  readonly readsAs?: "float32" | "float64";
  /** A tensor's bytes, from the start of their buffer and owned, as numbers. The result may share the buffer. */
  readonly decode?: (bytes: Uint8Array<ArrayBuffer>, breach: Breach) => FloatArray;
}

/** In the order of the format's own implementation, which writes the last first, so that wider types lie aligned. */
export const safetensorsDtypes = {
  BOOL: { bits: 8, readsAs: "float32", decode: booleans },
  F4: { bits: 4 },
  F6_E2M3: { bits: 6 },
  F6_E3M2: { bits: 6 },
  U8: { bits: 8, readsAs: "float32", decode: (bytes) => Float32Array.from(bytes) },
  I8: { bits: 8, readsAs: "float32", decode: (bytes) => Float32Array.from(new Int8Array(bytes.buffer)) },
  F8_E5M2: { bits: 8, readsAs: "float32", decode: widenFloat8E5M2 },
  F8_E4M3: { bits: 8, readsAs: "float32", decode: widenFloat8E4M3 },
  F8_E8M0: { bits: 8 },
  F8_E4M3FNUZ: { bits: 8 },
  F8_E5M2FNUZ: { bits: 8 },
  I16: { bits: 16, readsAs: "float32", decode: (bytes) => Float32Array.from(new Int16Array(bytes.buffer)) },
  U16: { bits: 16, readsAs: "float32", decode: (bytes) => Float32Array.from(new Uint16Array(bytes.buffer)) },
  F16: { bits: 16, readsAs: "float32", decode: (bytes) => widenFloat16(new Uint16Array(bytes.buffer)) },
  BF16: { bits: 16, readsAs: "float32", decode: (bytes) => widenBfloat16(new Uint16Array(bytes.buffer)) },
  I32: { bits: 32, readsAs: "float64", decode: (bytes) => Float64Array.from(new Int32Array(bytes.buffer)) },
  U32: { bits: 32, readsAs: "float64", decode: (bytes) => Float64Array.from(new Uint32Array(bytes.buffer)) },
  F32: { bits: 32, readsAs: "float32", decode: (bytes) => new Float32Array(bytes.buffer) },
  C64: { bits: 64 },
  F64: { bits: 64, readsAs: "float64", decode: (bytes) => new Float64Array(bytes.buffer) },
  I64: {
    bits: 64,
    readsAs: "float64",
    decode: (bytes, breach) => exactIntegers(new BigInt64Array(bytes.buffer), breach),
  },
  U64: {
    bits: 64,
    readsAs: "float64",
    decode: (bytes, breach) => exactIntegers(new BigUint64Array(bytes.buffer), breach),
  },
} as const satisfies Record<string, DtypeFacts>;

/** What other containers hold and a safetensors file cannot. */
const otherDtypes = { C128: { bits: 128 } } as const satisfies Record<string, DtypeFacts>;

/** An element type by its name in a safetensors file: `F32`, `BF16`, … */
export type SafetensorsDtype = keyof typeof safetensorsDtypes;

/** The same, and what no safetensors file holds: `C128`, torch.complex128. */
export type StoredDtype = SafetensorsDtype | keyof typeof otherDtypes;

export function isSafetensorsDtype(text: string): text is SafetensorsDtype {
  return Object.hasOwn(safetensorsDtypes, text);
}

export function dtypeFacts(dtype: StoredDtype): DtypeFacts {
  return isSafetensorsDtype(dtype) ? safetensorsDtypes[dtype] : otherDtypes[dtype];
}

/** Bytes of `shape`'s elements; undefined where the count is no safe integer or they do not fill whole bytes. */
export function byteLength(dtype: StoredDtype, shape: readonly number[]): number | undefined {
  let bits: number = dtypeFacts(dtype).bits;
  for (const dim of shape) {
    bits *= dim;
    if (!Number.isSafeInteger(bits)) return undefined;
  }
  return bits % 8 === 0 ? bits / 8 : undefined;
}

function booleans(bytes: Uint8Array, breach: Breach): Float32Array {
  const wrong = bytes.find((byte) => byte > 1);
  if (wrong !== undefined) throw breach(`a BOOL is the byte ${wrong}; 0 and 1 are right`);
  return Float32Array.from(bytes);
}

function exactIntegers(integers: BigInt64Array | BigUint64Array, breach: Breach): Float64Array {
  const limit = 2n ** 53n;
  const out = new Float64Array(integers.length);
  for (let i = 0; i < integers.length; i++) {
    const integer = integers[i]!;
    if (integer > limit || integer < -limit) {
      throw breach(`element ${i} is ${integer}; whole numbers beyond ±2^53 cannot be read exactly as float64`);
    }
    out[i] = Number(integer);
  }
  return out;
}
