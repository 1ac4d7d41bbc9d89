/**
 * Scalar instructions as functions from values to values, named as in the WebAssembly specification (`i32.shr_u` is `i32.shrU`).
 * Loads take an address and a static offset in bytes. Stores are statements: see FunctionBuilder.
 */
import { ByteWriter } from "./encode.ts";
import {
  type F32,
  type F32Operand,
  type F64,
  type F64Operand,
  type I32,
  type I32Operand,
  instruction,
  memoryArgument,
  type V128,
  type Value,
  type ValueType,
} from "./value.ts";

function constant<T extends ValueType>(type: T, opcode: number, write: (out: ByteWriter) => void): Value<T> {
  const out = new ByteWriter();
  out.byte(opcode);
  write(out);
  return instruction(type, [], ...out.bytes);
}

const i32Const = (n: number): I32 => constant("i32", 0x41, (out) => out.i32(n));
const f32Const = (x: number): F32 => constant("f32", 0x43, (out) => out.f32(x));
const f64Const = (x: number): F64 => constant("f64", 0x44, (out) => out.f64(x));

/** A number's constant, or the value itself. */
export const toI32 = (a: I32Operand): I32 => (typeof a === "number" ? i32Const(a) : a);
export const toF32 = (a: F32Operand): F32 => (typeof a === "number" ? f32Const(a) : a);
const toF64 = (a: F64Operand): F64 => (typeof a === "number" ? f64Const(a) : a);

const i32Unary = (opcode: number) => (a: I32Operand) => instruction("i32", [toI32(a)], opcode);
const i32Binary = (opcode: number) => (a: I32Operand, b: I32Operand) =>
  instruction("i32", [toI32(a), toI32(b)], opcode);
const f32Unary = (opcode: number) => (a: F32Operand) => instruction("f32", [toF32(a)], opcode);
const f32Binary = (opcode: number) => (a: F32Operand, b: F32Operand) =>
  instruction("f32", [toF32(a), toF32(b)], opcode);
const f32Compare = (opcode: number) => (a: F32Operand, b: F32Operand) =>
  instruction("i32", [toF32(a), toF32(b)], opcode);
const f64Unary = (opcode: number) => (a: F64Operand) => instruction("f64", [toF64(a)], opcode);
const f64Binary = (opcode: number) => (a: F64Operand, b: F64Operand) =>
  instruction("f64", [toF64(a), toF64(b)], opcode);
const f64Compare = (opcode: number) => (a: F64Operand, b: F64Operand) =>
  instruction("i32", [toF64(a), toF64(b)], opcode);

const load =
  <T extends ValueType>(type: T, opcode: number, alignment: number) =>
  (address: I32Operand, offset = 0): Value<T> =>
    instruction(type, [toI32(address)], opcode, ...memoryArgument(alignment, offset));

export const i32 = {
  const: i32Const,
  load: load("i32", 0x28, 2),
  load8U: load("i32", 0x2d, 0),
  load16U: load("i32", 0x2f, 1),
  /** 1 where the operand is 0, else 0. */
  eqz: i32Unary(0x45),
  eq: i32Binary(0x46),
  ne: i32Binary(0x47),
  ltS: i32Binary(0x48),
  ltU: i32Binary(0x49),
  gtS: i32Binary(0x4a),
  gtU: i32Binary(0x4b),
  leS: i32Binary(0x4c),
  leU: i32Binary(0x4d),
  geS: i32Binary(0x4e),
  geU: i32Binary(0x4f),
  clz: i32Unary(0x67),
  ctz: i32Unary(0x68),
  popcnt: i32Unary(0x69),
  add: i32Binary(0x6a),
  sub: i32Binary(0x6b),
  mul: i32Binary(0x6c),
  /** Traps when the divisor is 0. */
  divS: i32Binary(0x6d),
  divU: i32Binary(0x6e),
  remS: i32Binary(0x6f),
  remU: i32Binary(0x70),
  and: i32Binary(0x71),
  or: i32Binary(0x72),
  xor: i32Binary(0x73),
  shl: i32Binary(0x74),
  shrS: i32Binary(0x75),
  shrU: i32Binary(0x76),
  /** The smaller of two signed numbers. Both operands are computed twice: give locals or constants. */
  minS: (a: I32Operand, b: I32Operand): I32 => select(toI32(a), toI32(b), i32.ltS(a, b)),
  /** The larger of two signed numbers. Both operands are computed twice: give locals or constants. */
  maxS: (a: I32Operand, b: I32Operand): I32 => select(toI32(a), toI32(b), i32.gtS(a, b)),
  reinterpretF32: (a: F32): I32 => instruction("i32", [a], 0xbc),
  /** Towards zero; NaN gives 0, what is too large the nearest i32. */
  truncSatF32S: (a: F32): I32 => instruction("i32", [a], 0xfc, 0x00),
} as const;

export const f32 = {
  const: f32Const,
  load: load("f32", 0x2a, 2),
  eq: f32Compare(0x5b),
  ne: f32Compare(0x5c),
  lt: f32Compare(0x5d),
  gt: f32Compare(0x5e),
  le: f32Compare(0x5f),
  ge: f32Compare(0x60),
  abs: f32Unary(0x8b),
  neg: f32Unary(0x8c),
  ceil: f32Unary(0x8d),
  floor: f32Unary(0x8e),
  trunc: f32Unary(0x8f),
  /** To the nearest whole number, halves to even. */
  nearest: f32Unary(0x90),
  sqrt: f32Unary(0x91),
  add: f32Binary(0x92),
  sub: f32Binary(0x93),
  mul: f32Binary(0x94),
  div: f32Binary(0x95),
  /** NaN if either operand is. */
  min: f32Binary(0x96),
  max: f32Binary(0x97),
  convertI32S: (a: I32Operand): F32 => instruction("f32", [toI32(a)], 0xb2),
  convertI32U: (a: I32Operand): F32 => instruction("f32", [toI32(a)], 0xb3),
  demoteF64: (a: F64): F32 => instruction("f32", [a], 0xb6),
  reinterpretI32: (a: I32Operand): F32 => instruction("f32", [toI32(a)], 0xbe),
} as const;

export const f64 = {
  const: f64Const,
  load: load("f64", 0x2b, 3),
  eq: f64Compare(0x61),
  ne: f64Compare(0x62),
  lt: f64Compare(0x63),
  gt: f64Compare(0x64),
  le: f64Compare(0x65),
  ge: f64Compare(0x66),
  abs: f64Unary(0x99),
  neg: f64Unary(0x9a),
  sqrt: f64Unary(0x9f),
  add: f64Binary(0xa0),
  sub: f64Binary(0xa1),
  mul: f64Binary(0xa2),
  div: f64Binary(0xa3),
  min: f64Binary(0xa4),
  max: f64Binary(0xa5),
  convertI32S: (a: I32Operand): F64 => instruction("f64", [toI32(a)], 0xb7),
  promoteF32: (a: F32): F64 => instruction("f64", [a], 0xbb),
} as const;

/** `condition` ≠ 0 ? a : b. Both are computed. */
export function select(a: I32, b: I32, condition: I32Operand): I32;
export function select(a: F32, b: F32, condition: I32Operand): F32;
export function select(a: F64, b: F64, condition: I32Operand): F64;
export function select(a: V128, b: V128, condition: I32Operand): V128;
export function select(a: Value<ValueType>, b: Value<ValueType>, condition: I32Operand): Value<ValueType> {
  if (a.type !== b.type) throw new TypeError(`asm: select between ${a.type} and ${b.type}`);
  return instruction(a.type, [a, b, toI32(condition)], 0x1b);
}
