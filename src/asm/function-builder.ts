/**
 * Builds one WebAssembly function, statement by statement: instructions come out in exactly the order of the calls. Values (value.ts)
 * are written where a statement uses them; `let` keeps one in a local. Locals are scoped as in TypeScript: what a block makes ends with
 * the block, and its slot is used again. Branches to closed blocks, dead locals and wrong types throw while building.
 *
 *   const f = new FunctionBuilder({ parameters: ["i32", "i32"] });   // void f(a, b): b[0..3] += a[0..3]
 *   const [a, b] = f.i32Parameters();
 *   const sum = f.let(f32x4.add(v128.load(a), v128.load(b)));
 *   f.store(b, sum);
 */
import { ByteWriter } from "./encode.ts";
import { toI32 } from "./scalar.ts";
import { laneIndex, simdCode } from "./simd.ts";
import {
  type I32Operand,
  type Local,
  memoryArgument,
  uleb,
  type V128,
  type Value,
  type ValueType,
  valueTypeCodes,
  writeValue,
} from "./value.ts";

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly result?: ValueType;
}

/** A function of the same module: see ModuleBuilder. */
export interface FunctionReference extends Signature {
  readonly index: number;
}

/** Where a branch goes: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number;
  readonly owner: object;
  readonly open: boolean;
}

/** Opcode and alignment of the store of each type. */
const stores: Readonly<Record<ValueType, { readonly code: readonly number[]; readonly alignment: number }>> = {
  i32: { code: [0x36], alignment: 2 },
  f32: { code: [0x38], alignment: 2 },
  f64: { code: [0x39], alignment: 3 },
  v128: { code: simdCode(0x0b), alignment: 2 },
};

const noResult = 0x40;
const end = 0x0b;

interface Slot<T extends ValueType> extends Local<T> {
  live: boolean;
}

export class FunctionBuilder {
  readonly signature: Signature;
  readonly #parameters: readonly Local<ValueType>[];
  readonly #code = new ByteWriter();
  /** Types of the locals beyond the parameters. */
  readonly #localTypes: ValueType[] = [];
  readonly #free: Record<ValueType, number[]> = { i32: [], f32: [], f64: [], v128: [] };
  /** Locals of each open scope, the innermost last. */
  readonly #scopes: Slot<ValueType>[][] = [[]];
  /** Open blocks, loops and ifs: what branches count. */
  #depth = 0;
  #finished = false;

  constructor(signature: Signature) {
    this.signature = signature;
    this.#parameters = signature.parameters.map((type, index) => this.#slot(type, index));
  }

  /** The parameters of a function that takes i32 only (addresses and counts), in order. */
  i32Parameters(): Local<"i32">[] {
    return this.#parameters.map((_, index) => this.parameter(index, "i32"));
  }

  parameter<T extends ValueType>(index: number, type: T): Local<T> {
    const parameter = this.#parameters[index];
    if (parameter?.type !== type)
      throw new TypeError(`asm: parameter ${index} is ${parameter?.type ?? "missing"}, not ${type}`);
    return parameter as Local<T>;
  }

  /** Computes `value` now and keeps it in a new local of the innermost open block. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    this.#write(value);
    const index =
      this.#free[value.type].pop() ?? this.signature.parameters.length + this.#localTypes.push(value.type) - 1;
    const local = this.#slot(value.type, index);
    this.#scopes.at(-1)!.push(local);
    this.#emit(0x21, ...uleb(index));
    return local;
  }

  /** local = value */
  set<T extends ValueType>(local: Local<T>, value: Value<NoInfer<T>>): void {
    if (local.type !== value.type) throw new TypeError(`asm: a local of type ${local.type} is set to ${value.type}`);
    if (local.owner !== this || !local.live) throw new Error("asm: a local is set outside of the block it was made in");
    this.#write(value);
    this.#emit(0x21, ...uleb(local.index));
  }

  /** memory[address + offset] = value: 4 bytes of i32 and f32, 8 of f64, 16 of v128. */
  store(address: I32Operand, value: Value<ValueType>, offset = 0): void {
    const { code, alignment } = stores[value.type];
    this.#write(toI32(address));
    this.#write(value);
    this.#emit(...code, ...memoryArgument(alignment, offset));
  }

  /** memory[address + offset] = one 32-bit lane (0 to 3) of `value`. */
  storeLane32(address: I32Operand, value: V128, lane: number, offset = 0): void {
    this.#write(toI32(address));
    this.#write(value);
    this.#emit(...simdCode(0x5a), ...memoryArgument(2, offset), laneIndex(lane, 4));
  }

  /** memory[address + offset] = one 64-bit lane (0 or 1) of `value`. */
  storeLane64(address: I32Operand, value: V128, lane: number, offset = 0): void {
    this.#write(toI32(address));
    this.#write(value);
    this.#emit(...simdCode(0x5b), ...memoryArgument(2, offset), laneIndex(lane, 2));
  }

  /** Copies bytes; the ranges may overlap. */
  memoryCopy(to: I32Operand, from: I32Operand, bytes: I32Operand): void {
    for (const operand of [to, from, bytes]) this.#write(toI32(operand));
    this.#emit(0xfc, 0x0a, 0, 0);
  }

  /** Sets bytes to the low 8 bits of `byte`. */
  memoryFill(at: I32Operand, byte: I32Operand, bytes: I32Operand): void {
    for (const operand of [at, byte, bytes]) this.#write(toI32(operand));
    this.#emit(0xfc, 0x0b, 0);
  }

  /** Emits nothing by itself: locals made inside end with it. For unrolled code. */
  scope(body: () => void): void {
    this.#scopes.push([]);
    body();
    this.#closeScope();
  }

  /** A block whose label is its end: `br` leaves it. */
  block(body: (label: Label) => void): void {
    this.#structure(0x02, body);
  }

  /** A block whose label is its start: `br` begins the next turn; without one the loop ends. */
  loop(body: (label: Label) => void): void {
    this.#structure(0x03, body);
  }

  /** condition ≠ 0 ? then : otherwise */
  if(condition: I32Operand, then: (label: Label) => void, otherwise?: () => void): void {
    this.#write(toI32(condition));
    this.#structure(0x04, (label) => {
      then(label);
      if (!otherwise) return;
      this.#closeScope();
      this.#emit(0x05);
      this.#scopes.push([]);
      otherwise();
    });
  }

  /** Branches to a label; with a condition only where that is not 0. */
  br(label: Label, condition?: I32Operand): void {
    if (label.owner !== this || !label.open) throw new Error("asm: a branch to a block that is not open here");
    if (condition !== undefined) this.#write(toI32(condition));
    this.#emit(condition === undefined ? 0x0c : 0x0d, ...uleb(this.#depth - label.depth));
  }

  return(value?: Value<ValueType>): void {
    if (value?.type !== this.signature.result)
      throw new TypeError(`asm: returns ${value?.type ?? "nothing"}, expected ${this.signature.result ?? "nothing"}`);
    if (value) this.#write(value);
    this.#emit(0x0f);
  }

  /** Calls a function that returns nothing. */
  call(target: FunctionReference, ...operands: readonly Value<ValueType>[]): void {
    if (target.result) throw new TypeError(`asm: a call whose ${target.result} is not used; use callValue`);
    checkArguments(target, operands);
    for (const operand of operands) this.#write(operand);
    this.#emit(0x10, ...uleb(target.index));
  }

  /** Calls a function and keeps its result in a new local. */
  callValue<T extends ValueType>(
    target: FunctionReference & { readonly result: T },
    ...operands: readonly Value<ValueType>[]
  ): Local<T> {
    checkArguments(target, operands);
    return this.let({ type: target.result, operands, code: [0x10, ...uleb(target.index)] });
  }

  unreachable(): void {
    this.#emit(0x00);
  }

  /** The body as the code section has it (without its size). No statement can follow. */
  finish(): readonly number[] {
    if (this.#finished) throw new Error("asm: a function is finished twice");
    if (this.#scopes.length !== 1) throw new Error("asm: a function is finished inside one of its blocks");
    const out = new ByteWriter();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#localTypes) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.vector(runs, ({ type, count }) => {
      out.u32(count);
      out.byte(valueTypeCodes[type]);
    });
    out.append(this.#code.bytes);
    // A function with a result ends in `return`; what follows is never reached, which satisfies the validator.
    if (this.signature.result) out.byte(0x00);
    out.byte(end);
    this.#finished = true;
    return out.bytes;
  }

  #slot<T extends ValueType>(type: T, index: number): Slot<T> {
    return { type, operands: [], code: [0x20, ...uleb(index)], owner: this, index, live: true };
  }

  #structure(opcode: number, body: (label: Label) => void): void {
    this.#emit(opcode, noResult);
    this.#scopes.push([]);
    this.#depth++;
    const label = { depth: this.#depth, owner: this, open: true };
    body(label);
    label.open = false;
    this.#depth--;
    this.#closeScope();
    this.#emit(end);
  }

  #closeScope(): void {
    for (const local of this.#scopes.pop()!) {
      local.live = false;
      this.#free[local.type].push(local.index);
    }
  }

  #write(value: Value<ValueType>): void {
    writeValue(this.#code, value, this);
  }

  #emit(...bytes: readonly number[]): void {
    if (this.#finished) throw new Error("asm: a statement after the function was finished");
    this.#code.append(bytes);
  }
}

function checkArguments(target: FunctionReference, operands: readonly Value<ValueType>[]): void {
  const given = operands.map((operand) => operand.type).join(", ");
  const expected = target.parameters.join(", ");
  if (given !== expected) throw new TypeError(`asm: a call with (${given}), expected (${expected})`);
}
