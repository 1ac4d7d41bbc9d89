/**
 * A pickle read as data: Python's pickle machine (Lib/pickletools.py has every opcode) with an allow-list in place of imports. Reads the
 * binary opcodes of protocols 2 to 5; the text ones, extension codes and out-of-band buffers, which torch never writes, are refused.
 * No recursion; every length is checked against the bytes that are left before it is believed; what is made is bounded by a Budget.
 */
import type { Breach } from "../weight-source.ts";
import { quoted } from "../weight-source.ts";
import { findGlobal, refusedGlobal } from "./pickle-globals.ts";
import { buildNumpyArray, buildNumpyDtype } from "./pickle-numpy.ts";
import { type Budget, Global, NumpyDtype, Opaque, Tensor, Tuple, type Value } from "./pickle-values.ts";
import { buildTensor } from "./rebuild-tensor.ts";

/** The bytes ended before the pickle did: there may be more of them in the file. */
export class OutOfBytes extends Error {}

export interface UnpickleOptions {
  readonly budget: Budget;
  readonly breach: Breach;
  /** What a persistent id stands for: a storage, or whatever the container keeps apart. Absent: there must be none. */
  readonly persistent?: (id: Value) => Value;
  /** Called before each attempt at the same pickle: what was counted or noted of the last one is void. */
  readonly begin?: () => void;
}

/** Values that may lie on the stack at once: more than the thousand of a batch, and a tuple of any size that a checkpoint has. */
const deepestStack = 200_000;

/** The value of the pickle that begins at `bytes[at]`, and where it ends. Throws OutOfBytes, or what `breach` makes of a fault. */
export function unpickle(bytes: Uint8Array, at: number, options: UnpickleOptions): { value: Value; end: number } {
  options.begin?.();
  const machine = new Machine(bytes, at, options);
  return { value: machine.run(), end: machine.at };
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Machine {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: UnpickleOptions;
  readonly #breach: Breach;
  readonly #stack: Value[] = [];
  /** For each MARK, the length of the stack where it stands. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Value>();

  constructor(bytes: Uint8Array, at: number, options: UnpickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
    this.#options = options;
    this.#breach = (what) => options.breach(`byte ${this.at} of its pickle: ${what}`);
  }

  run(): Value {
    for (;;) {
      const opcode = this.#uint8();
      switch (opcode) {
        case 0x80: {
          const protocol = this.#uint8(); // PROTO
          if (protocol > 5) throw this.#breach(`pickle protocol ${protocol}; up to 5 are read`);
          break;
        }
        case 0x95: // FRAME: where Python reads ahead to
          this.#length64();
          break;
        case 0x2e: // STOP
          return this.#last();
        case 0x28: // MARK
          this.#spend(16);
          if (this.#marks.length >= deepestStack) throw this.#breach("its stack grows without end");
          this.#marks.push(this.#stack.length);
          break;
        case 0x30: // POP: a mark where one is the last
          if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
          else this.#pop();
          break;
        case 0x31: // POP_MARK
          this.#popMark();
          break;
        case 0x32: // DUP
          this.#push(this.#top());
          break;

        case 0x4e: // NONE
          this.#push(null);
          break;
        case 0x88: // NEWTRUE
          this.#push(true);
          break;
        case 0x89: // NEWFALSE
          this.#push(false);
          break;
        case 0x4a: // BININT
          this.#push(this.#view.getInt32(this.#take(4), true));
          break;
        case 0x4b: // BININT1
          this.#push(this.#uint8());
          break;
        case 0x4d: // BININT2
          this.#push(this.#view.getUint16(this.#take(2), true));
          break;
        case 0x8a: // LONG1
          this.#push(this.#long(this.#uint8()));
          break;
        case 0x8b: // LONG4
          this.#push(this.#long(this.#length32()));
          break;
        case 0x47: // BINFLOAT
          this.#push(this.#view.getFloat64(this.#take(8), false));
          break;

        case 0x8c: // SHORT_BINUNICODE
          this.#push(this.#text(this.#uint8()));
          break;
        case 0x58: // BINUNICODE
          this.#push(this.#text(this.#length32()));
          break;
        case 0x8d: // BINUNICODE8
          this.#push(this.#text(this.#length64()));
          break;
        case 0x55: // SHORT_BINSTRING
          this.#push(this.#python2Text(this.#uint8()));
          break;
        case 0x54: // BINSTRING
          this.#push(this.#python2Text(this.#length32()));
          break;
        case 0x43: // SHORT_BINBYTES
          this.#push(this.#blob(this.#uint8()));
          break;
        case 0x42: // BINBYTES
          this.#push(this.#blob(this.#length32()));
          break;
        case 0x8e: // BINBYTES8
        case 0x96: // BYTEARRAY8
          this.#push(this.#blob(this.#length64()));
          break;

        case 0x29: // EMPTY_TUPLE
          this.#push(this.#tuple([]));
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.#push(this.#tuple(this.#popSome(opcode - 0x84)));
          break;
        case 0x74: // TUPLE
          this.#push(this.#tuple(this.#popMark()));
          break;
        case 0x5d: // EMPTY_LIST
          this.#spend(64);
          this.#push([]);
          break;
        case 0x6c: // LIST
          this.#push(this.#grown([], this.#popMark()));
          break;
        case 0x61: {
          const items = this.#popSome(1); // APPEND
          this.#grown(this.#top(), items);
          break;
        }
        case 0x65: {
          const items = this.#popMark(); // APPENDS
          this.#grown(this.#top(), items);
          break;
        }
        case 0x7d: // EMPTY_DICT
          this.#spend(256);
          this.#push(new Map());
          break;
        case 0x64: // DICT
          this.#spend(256);
          this.#push(this.#filled(new Map(), this.#popMark()));
          break;
        case 0x73: {
          const pair = this.#popSome(2); // SETITEM
          this.#filled(this.#top(), pair);
          break;
        }
        case 0x75: {
          const pairs = this.#popMark(); // SETITEMS
          this.#filled(this.#top(), pairs);
          break;
        }
        case 0x8f: // EMPTY_SET
          this.#spend(256);
          this.#push(new Set());
          break;
        case 0x90: {
          const items = this.#popMark(); // ADDITEMS
          const set = this.#top();
          if (!(set instanceof Set)) throw this.#breach("ADDITEMS on something else than a set");
          this.#spend(48 * items.length);
          for (const item of items) set.add(item);
          break;
        }
        case 0x91: {
          const items = this.#popMark(); // FROZENSET
          this.#spend(256 + 48 * items.length);
          this.#push(new Set(items));
          break;
        }

        case 0x71: // BINPUT
          this.#put(this.#uint8());
          break;
        case 0x72: // LONG_BINPUT
          this.#put(this.#view.getUint32(this.#take(4), true));
          break;
        case 0x94: // MEMOIZE
          this.#put(this.#memo.size);
          break;
        case 0x68: // BINGET
          this.#get(this.#uint8());
          break;
        case 0x6a: // LONG_BINGET
          this.#get(this.#view.getUint32(this.#take(4), true));
          break;

        case 0x63: {
          const module = this.#line(); // GLOBAL
          this.#global(module, this.#line());
          break;
        }
        case 0x93: {
          const [module, name] = this.#popSome(2); // STACK_GLOBAL
          if (typeof module !== "string" || typeof name !== "string") throw this.#breach("STACK_GLOBAL without names");
          this.#global(module, name);
          break;
        }
        case 0x52: // REDUCE
        case 0x81: // NEWOBJ
          this.#call(this.#pop());
          break;
        case 0x92: {
          const named = this.#pop(); // NEWOBJ_EX
          if (!(named instanceof Map) || named.size > 0) throw this.#breach("an object is made with named arguments");
          this.#call(this.#pop());
          break;
        }
        case 0x62: // BUILD
          this.#build(this.#pop());
          break;
        case 0x51: {
          const id = this.#pop(); // BINPERSID
          if (!this.#options.persistent) throw this.#breach("a persistent id where there is none to be");
          this.#spend(160);
          this.#push(this.#options.persistent(id));
          break;
        }
        default:
          throw this.#breach(
            `the opcode 0x${opcode.toString(16).padStart(2, "0")} is not among those that torch.save writes (pickle protocols 2 to 5)`,
          );
      }
    }
  }

  #spend(bytes: number): void {
    this.#options.budget.spend(bytes);
  }

  /** Where `count` bytes begin, which are then behind us. */
  #take(count: number): number {
    const begin = this.at;
    if (count > this.#bytes.length - begin) throw new OutOfBytes(`${count} bytes are wanted from byte ${begin}`);
    this.at = begin + count;
    return begin;
  }

  #uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #length32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #length64(): number {
    const length = this.#view.getBigUint64(this.#take(8), true);
    if (length > 2n ** 40n) throw this.#breach(`a length of ${length} bytes`);
    return Number(length);
  }

  #text(length: number): string {
    const begin = this.#take(length);
    this.#spend(32 + length);
    try {
      return text.decode(this.#bytes.subarray(begin, begin + length));
    } catch {
      throw this.#breach("a text is not valid UTF-8");
    }
  }

  /** What Python 2 called a string: text, or bytes where it is no UTF-8. */
  #python2Text(length: number): Value {
    const begin = this.#take(length);
    this.#spend(96 + length);
    const bytes = this.#bytes.slice(begin, begin + length);
    try {
      return text.decode(bytes);
    } catch {
      return bytes;
    }
  }

  #blob(length: number): Uint8Array {
    const begin = this.#take(length);
    this.#spend(96 + length);
    return this.#bytes.slice(begin, begin + length);
  }

  /** A whole number in two's complement, little-endian. */
  #long(length: number): number | bigint {
    if (length > 1024) throw this.#breach(`a whole number of ${length} bytes; up to 1024 are read`);
    const begin = this.#take(length);
    this.#spend(32 + length);
    if (length === 0) return 0;
    let hex = "0x";
    for (let i = length - 1; i >= 0; i--) hex += this.#bytes[begin + i]!.toString(16).padStart(2, "0");
    const long = BigInt.asIntN(8 * length, BigInt(hex));
    const number = Number(long);
    return Number.isSafeInteger(number) ? number : long;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new OutOfBytes("a name has no end");
    const line = this.#text(end - this.at);
    this.at = end + 1;
    return line;
  }

  #push(value: Value): void {
    if (this.#stack.length >= deepestStack) throw this.#breach("its stack grows without end");
    this.#stack.push(value);
  }

  /** The stack's length below which the last MARK forbids to reach. */
  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #pop(): Value {
    if (this.#stack.length <= this.#floor()) throw this.#breach("a value is wanted, and its stack has none");
    return this.#stack.pop()!;
  }

  #popSome(count: number): Value[] {
    if (this.#stack.length - count < this.#floor())
      throw this.#breach(`${count} values are wanted, and its stack has fewer`);
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#breach("a MARK is wanted, and there is none");
    return this.#stack.splice(mark);
  }

  #top(): Value {
    if (this.#stack.length <= this.#floor()) throw this.#breach("a value is wanted, and its stack has none");
    return this.#stack.at(-1)!;
  }

  #last(): Value {
    if (this.#marks.length > 0 || this.#stack.length !== 1)
      throw this.#breach("it stops with more or less than one value");
    return this.#stack[0]!;
  }

  #tuple(items: Value[]): Tuple {
    this.#spend(96 + 8 * items.length);
    return new Tuple(items);
  }

  #grown(list: Value, items: readonly Value[]): Value {
    if (!Array.isArray(list)) throw this.#breach("APPEND on something else than a list");
    this.#spend(16 * items.length);
    for (const item of items) list.push(item);
    return list;
  }

  #filled(dict: Value, pairs: readonly Value[]): Value {
    if (!(dict instanceof Map)) throw this.#breach("SETITEM on something else than a dict");
    if (pairs.length % 2 !== 0) throw this.#breach("SETITEMS with a key that has no value");
    this.#spend(32 * pairs.length);
    for (let i = 0; i < pairs.length; i += 2) dict.set(pairs[i]!, pairs[i + 1]!);
    return dict;
  }

  #put(index: number): void {
    this.#spend(64);
    this.#memo.set(index, this.#top());
  }

  #get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#breach(`it remembers nothing by the number ${index}`);
    this.#push(value);
  }

  #global(module: string, name: string): void {
    const found = findGlobal(module, name);
    if (!found) throw this.#options.breach(refusedGlobal(module, name));
    this.#spend(96);
    this.#push(found);
  }

  /** REDUCE and NEWOBJ: of what is on the list, a class and a function are called alike. */
  #call(args: Value): void {
    const callee = this.#pop();
    if (!(callee instanceof Global)) throw this.#breach("something is called that is neither a class nor a function");
    if (!callee.make) throw this.#breach(`${quoted(callee.name)} is called, which is only ever named`);
    if (!(args instanceof Tuple)) throw this.#breach("a call without a tuple of arguments");
    // What is made is about as large as what it is made of.
    let cost = 320;
    for (const arg of args.items) {
      if (typeof arg === "string") cost += 2 * arg.length;
      else if (Array.isArray(arg)) cost += 48 * arg.length;
      else if (arg instanceof Tuple) cost += 48 * arg.items.length;
      else if (arg instanceof Set) cost += 48 * arg.size;
    }
    this.#spend(cost);
    this.#push(callee.make(args.items, this.#breach));
  }

  #build(state: Value): void {
    const object = this.#top();
    if (object instanceof Tensor && state instanceof Tuple) {
      // numpy's has five parts as well, the second its shape.
      const isNumpy = state.items[2] instanceof NumpyDtype;
      if (isNumpy) buildNumpyArray(object, state, this.#breach);
      else buildTensor(object, state, this.#breach);
    } else if (object instanceof NumpyDtype) buildNumpyDtype(object, state);
    // Attributes of an OrderedDict (`_metadata`), a tensor, a version's text: of no interest.
    else if (
      !(object instanceof Map || object instanceof Tensor || object instanceof Opaque || typeof object === "string")
    )
      throw this.#breach("BUILD of something that has no attributes");
  }
}
