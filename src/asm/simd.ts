/**
 * SIMD128 and relaxed SIMD instructions as functions from values to values, named as in the WebAssembly specification. A v128 has no
 * lane type: the namespace says how an instruction reads it. Memory may be unaligned everywhere. Stores are statements: see
 * FunctionBuilder.
 */
import { ByteWriter } from "./encode.ts";
import { toF32, toI32 } from "./scalar.ts";
import {
  type F32,
  type F32Operand,
  type I32,
  type I32Operand,
  instruction,
  memoryArgument,
  uleb,
  type V128,
} from "./value.ts";

/** The prefix of SIMD and its opcode. */
export const simdCode = (opcode: number): readonly number[] => [0xfd, ...uleb(opcode)];

const unary = (opcode: number) => (a: V128) => instruction("v128", [a], ...simdCode(opcode));
const binary = (opcode: number) => (a: V128, b: V128) => instruction("v128", [a, b], ...simdCode(opcode));
const ternary = (opcode: number) => (a: V128, b: V128, c: V128) => instruction("v128", [a, b, c], ...simdCode(opcode));
const test = (opcode: number) => (a: V128) => instruction("i32", [a], ...simdCode(opcode));
const shift = (opcode: number) => (a: V128, bits: I32Operand) =>
  instruction("v128", [a, toI32(bits)], ...simdCode(opcode));
const load =
  (opcode: number, alignment: number) =>
  (address: I32Operand, offset = 0): V128 =>
    instruction("v128", [toI32(address)], ...simdCode(opcode), ...memoryArgument(alignment, offset));
const loadLane =
  (opcode: number, alignment: number, lanes: number) =>
  (address: I32Operand, into: V128, lane: number, offset = 0): V128 =>
    instruction(
      "v128",
      [toI32(address), into],
      ...simdCode(opcode),
      ...memoryArgument(alignment, offset),
      laneIndex(lane, lanes),
    );

/** The immediate of lane instructions, checked. */
export function laneIndex(lane: number, lanes: number): number {
  if (!Number.isInteger(lane) || lane < 0 || lane >= lanes)
    throw new RangeError(`asm: lane ${lane} of a vector of ${lanes}`);
  return lane;
}

function constantOf(write: (out: ByteWriter) => void): V128 {
  const out = new ByteWriter();
  out.append(simdCode(0x0c));
  write(out);
  return instruction("v128", [], ...out.bytes);
}

/** One number for all lanes, or a number for each. */
function fourOf(values: number | readonly number[]): readonly number[] {
  const list = typeof values === "number" ? [values, values, values, values] : values;
  if (list.length !== 4) throw new RangeError(`asm: ${list.length} numbers for 4 lanes`);
  return list;
}

export const v128 = {
  zero: constantOf((out) => out.append(new Uint8Array(16))),
  load: load(0x00, 2),
  /** One 32-bit number in all four lanes. */
  load32Splat: load(0x09, 2),
  load64Splat: load(0x0a, 2),
  /** Lane 0 from memory, the others 0. */
  load32Zero: load(0x5c, 2),
  /** Lanes 0 and 1 from memory, the others 0. */
  load64Zero: load(0x5d, 2),
  /** `into` with one 32-bit lane from memory. */
  load32Lane: loadLane(0x56, 2, 4),
  /** `into` with two 32-bit lanes (0 and 1, or 2 and 3) from memory. */
  load64Lane: loadLane(0x57, 2, 2),
  not: unary(0x4d),
  and: binary(0x4e),
  /** a and not b. */
  andnot: binary(0x4f),
  or: binary(0x50),
  xor: binary(0x51),
  /** Bits of a where the mask is 1, of b where it is 0. */
  bitselect: ternary(0x52),
  anyTrue: test(0x53),
} as const;

/** Bytes of a (0 to 15) and b (16 to 31) in any order. */
function shuffle(a: V128, b: V128, bytes: readonly number[]): V128 {
  if (bytes.length !== 16) throw new RangeError(`asm: a shuffle of ${bytes.length} bytes, expected 16`);
  return instruction("v128", [a, b], ...simdCode(0x0d), ...bytes.map((byte) => laneIndex(byte, 32)));
}

export const i8x16 = { shuffle, swizzle: binary(0x0e) } as const;

export const f32x4 = {
  const: (values: number | readonly number[]): V128 =>
    constantOf((out) => {
      for (const x of fourOf(values)) out.f32(x);
    }),
  splat: (a: F32Operand): V128 => instruction("v128", [toF32(a)], ...simdCode(0x13)),
  extractLane: (a: V128, lane: number): F32 => instruction("f32", [a], ...simdCode(0x1f), laneIndex(lane, 4)),
  replaceLane: (a: V128, lane: number, value: F32Operand): V128 =>
    instruction("v128", [a, toF32(value)], ...simdCode(0x20), laneIndex(lane, 4)),
  /** Lanes of a (0 to 3) and b (4 to 7) in any order. */
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 =>
    shuffle(
      a,
      b,
      fourOf(lanes).flatMap((lane) => [0, 1, 2, 3].map((byte) => laneIndex(lane, 8) * 4 + byte)),
    ),
  /** Comparisons give lanes of all ones or all zeros. */
  eq: binary(0x41),
  ne: binary(0x42),
  lt: binary(0x43),
  gt: binary(0x44),
  le: binary(0x45),
  ge: binary(0x46),
  ceil: unary(0x67),
  floor: unary(0x68),
  trunc: unary(0x69),
  /** To the nearest whole number, halves to even. */
  nearest: unary(0x6a),
  abs: unary(0xe0),
  neg: unary(0xe1),
  sqrt: unary(0xe3),
  add: binary(0xe4),
  sub: binary(0xe5),
  mul: binary(0xe6),
  div: binary(0xe7),
  /** NaN where either operand is; several instructions on x64. */
  min: binary(0xe8),
  max: binary(0xe9),
  /** b < a ? b : a, so a where either is NaN; one instruction on x64. */
  pmin: binary(0xea),
  /** a < b ? b : a, so a where either is NaN; one instruction on x64. */
  pmax: binary(0xeb),
  convertI32x4S: unary(0xfa),
  convertI32x4U: unary(0xfb),
  /** Relaxed SIMD: a·b + c, rounded once where the CPU can, else twice. */
  relaxedMadd: ternary(0x105),
  /** Relaxed SIMD: −a·b + c, rounded once where the CPU can, else twice. */
  relaxedNmadd: ternary(0x106),
  /** Relaxed SIMD: NaN and −0 are as the CPU has them. */
  relaxedMin: binary(0x10d),
  relaxedMax: binary(0x10e),
} as const;

export const i32x4 = {
  const: (values: number | readonly number[]): V128 =>
    constantOf((out) => {
      for (const n of fourOf(values)) out.append(new Uint8Array(new Int32Array([n]).buffer));
    }),
  splat: (a: I32Operand): V128 => instruction("v128", [toI32(a)], ...simdCode(0x11)),
  extractLane: (a: V128, lane: number): I32 => instruction("i32", [a], ...simdCode(0x1b), laneIndex(lane, 4)),
  replaceLane: (a: V128, lane: number, value: I32Operand): V128 =>
    instruction("v128", [a, toI32(value)], ...simdCode(0x1c), laneIndex(lane, 4)),
  eq: binary(0x37),
  ne: binary(0x38),
  ltS: binary(0x39),
  gtS: binary(0x3b),
  leS: binary(0x3d),
  geS: binary(0x3f),
  neg: unary(0xa1),
  allTrue: test(0xa3),
  bitmask: test(0xa4),
  shl: shift(0xab),
  shrS: shift(0xac),
  shrU: shift(0xad),
  add: binary(0xae),
  sub: binary(0xb1),
  mul: binary(0xb5),
  minS: binary(0xb6),
  maxS: binary(0xb8),
  /** Towards zero; NaN gives 0, what is too large the nearest i32. */
  truncSatF32x4S: unary(0xf8),
  truncSatF32x4U: unary(0xf9),
} as const;

export const f64x2 = {
  splat: (a: F32): V128 => instruction("v128", [instruction("f64", [a], 0xbb)], ...simdCode(0x14)),
  abs: unary(0xec),
  neg: unary(0xed),
  sqrt: unary(0xef),
  add: binary(0xf0),
  sub: binary(0xf1),
  mul: binary(0xf2),
  div: binary(0xf3),
  /** Lanes 0 and 1 as float64. */
  promoteLowF32x4: unary(0x5f),
  relaxedMadd: ternary(0x107),
} as const;
