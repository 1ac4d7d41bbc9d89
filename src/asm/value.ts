/**
 * Typed expressions. A `Value<"f32">` is a piece of a WebAssembly expression that leaves one f32 on the stack; instructions
 * (scalar.ts, simd.ts) make bigger values out of smaller ones, and TypeScript refuses an f32 where a v128 is due. A value is pure
 * description: it is computed where a statement of a FunctionBuilder uses it, and again at each further use. What should be computed
 * once and kept goes into a local: `const b = f.let(v128.load(p))`.
 */
import { ByteWriter } from "./encode.ts";

export type ValueType = "i32" | "f32" | "f64" | "v128";

export const valueTypeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export interface Value<T extends ValueType> {
  readonly type: T;
  /** Computed in this order, before `code`. */
  readonly operands: readonly Value<ValueType>[];
  readonly code: readonly number[];
}

export type I32 = Value<"i32">;
export type F32 = Value<"f32">;
export type F64 = Value<"f64">;
export type V128 = Value<"v128">;

/** Where an i32 is due, a number stands for its constant. */
export type I32Operand = I32 | number;
export type F32Operand = F32 | number;
export type F64Operand = F64 | number;

/** A parameter or local of a function: a value, and assignable by `f.set`. Belongs to the block that it was made in. */
export interface Local<T extends ValueType> extends Value<T> {
  readonly owner: object;
  readonly index: number;
  /** False once the block that it was made in is closed: its slot serves another local then. */
  readonly live: boolean;
}

export function isLocal(value: Value<ValueType>): value is Local<ValueType> {
  return "owner" in value;
}

/** A value from its operands and the instruction behind them. For instruction tables. */
export function instruction<T extends ValueType>(
  type: T,
  operands: readonly Value<ValueType>[],
  ...code: readonly number[]
): Value<T> {
  return { type, operands, code };
}

/** Writes a value's instructions in the order of evaluation. `owner` is the function that they are written into. */
export function writeValue(out: ByteWriter, value: Value<ValueType>, owner: object): void {
  if (isLocal(value)) {
    if (value.owner !== owner) throw new Error("asm: a local of another function is used here");
    if (!value.live) throw new Error("asm: a local is used outside of the block that it was made in");
  }
  for (const operand of value.operands) writeValue(out, operand, owner);
  out.append(value.code);
}

/** The bytes of an unsigned LEB128. */
export function uleb(value: number): readonly number[] {
  if (value >= 0 && value < 0x80 && Number.isInteger(value)) return [value];
  const out = new ByteWriter();
  out.u32(value);
  return out.bytes;
}

/** Alignment (as a power of two, a hint only) and static offset of a memory instruction. */
export function memoryArgument(alignment: number, offset: number): readonly number[] {
  return [alignment, ...uleb(offset)];
}
