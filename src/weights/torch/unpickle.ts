/**
 * A pickle read as data: Python's pickle machine (Lib/pickletools.py has every opcode) with an allow-list in place of imports. Reads the
 * binary opcodes of protocols 2 to 5; the text ones, extension codes and out-of-band buffers, which torch never writes, are refused.
 * No recursion; every length is checked against the bytes that are left before it is believed; what is made is bounded by a Budget.
 */
import type { Breach } from "../weight-source.ts";
import { quoted } from "../weight-source.ts";
import { PickleBytes } from "./pickle-bytes.ts";
import { findGlobal, refusedGlobal } from "./pickle-globals.ts";
import { buildNumpyArray, buildNumpyDtype } from "./pickle-numpy.ts";
import { PickleStack } from "./pickle-stack.ts";
import { type Budget, Global, NumpyDtype, Opaque, Tensor, Tuple, type Value } from "./pickle-values.ts";
import { buildTensor } from "./rebuild-tensor.ts";

export interface UnpickleOptions {
  readonly budget: Budget;
  readonly breach: Breach;
  /** What a persistent id stands for: a storage, or whatever the container keeps apart. Absent: there must be none. */
  readonly persistent?: (id: Value) => Value;
  /** Called before each attempt at the same pickle: what was counted or noted of the last one is void. */
  readonly begin?: () => void;
}

/** The value of the pickle that begins at `bytes[at]`, and where it ends. Throws OutOfBytes (pickle-bytes.ts), or what `breach` makes of a fault. */
export function unpickle(bytes: Uint8Array, at: number, options: UnpickleOptions): { value: Value; end: number } {
  options.begin?.();
  const machine = new Machine(bytes, at, options);
  return { value: machine.run(), end: machine.at };
}

class Machine {
  readonly #in: PickleBytes;
  readonly #options: UnpickleOptions;
  readonly #breach: Breach;
  readonly #stack: PickleStack;
  readonly #memo = new Map<number, Value>();

  constructor(bytes: Uint8Array, at: number, options: UnpickleOptions) {
    this.#options = options;
    this.#breach = (what) => options.breach(`byte ${this.#in.at} of its pickle: ${what}`);
    this.#in = new PickleBytes(bytes, at, options.budget, this.#breach);
    this.#stack = new PickleStack(this.#breach);
  }

  /** Where the next opcode is. */
  get at(): number {
    return this.#in.at;
  }

  run(): Value {
    for (;;) {
      const opcode = this.#in.uint8();
      switch (opcode) {
        case 0x80: {
          const protocol = this.#in.uint8(); // PROTO
          if (protocol > 5) throw this.#breach(`pickle protocol ${protocol}; up to 5 are read`);
          break;
        }
        case 0x95: // FRAME: where Python reads ahead to
          this.#in.length64();
          break;
        case 0x2e: // STOP
          return this.#stack.last();
        case 0x28: // MARK
          this.#spend(16);
          this.#stack.mark();
          break;
        case 0x30: // POP: a mark where one is the last
          this.#stack.popOrUnmark();
          break;
        case 0x31: // POP_MARK
          this.#stack.popMark();
          break;
        case 0x32: // DUP
          this.#stack.push(this.#stack.top());
          break;

        case 0x4e: // NONE
          this.#stack.push(null);
          break;
        case 0x88: // NEWTRUE
          this.#stack.push(true);
          break;
        case 0x89: // NEWFALSE
          this.#stack.push(false);
          break;
        case 0x4a: // BININT
          this.#stack.push(this.#in.int32());
          break;
        case 0x4b: // BININT1
          this.#stack.push(this.#in.uint8());
          break;
        case 0x4d: // BININT2
          this.#stack.push(this.#in.uint16());
          break;
        case 0x8a: // LONG1
          this.#stack.push(this.#in.long(this.#in.uint8()));
          break;
        case 0x8b: // LONG4
          this.#stack.push(this.#in.long(this.#in.length32()));
          break;
        case 0x47: // BINFLOAT
          this.#stack.push(this.#in.float64());
          break;

        case 0x8c: // SHORT_BINUNICODE
          this.#stack.push(this.#in.text(this.#in.uint8()));
          break;
        case 0x58: // BINUNICODE
          this.#stack.push(this.#in.text(this.#in.length32()));
          break;
        case 0x8d: // BINUNICODE8
          this.#stack.push(this.#in.text(this.#in.length64()));
          break;
        case 0x55: // SHORT_BINSTRING
          this.#stack.push(this.#in.python2Text(this.#in.uint8()));
          break;
        case 0x54: // BINSTRING
          this.#stack.push(this.#in.python2Text(this.#in.length32()));
          break;
        case 0x43: // SHORT_BINBYTES
          this.#stack.push(this.#in.blob(this.#in.uint8()));
          break;
        case 0x42: // BINBYTES
          this.#stack.push(this.#in.blob(this.#in.length32()));
          break;
        case 0x8e: // BINBYTES8
        case 0x96: // BYTEARRAY8
          this.#stack.push(this.#in.blob(this.#in.length64()));
          break;

        case 0x29: // EMPTY_TUPLE
          this.#stack.push(this.#tuple([]));
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.#stack.push(this.#tuple(this.#stack.popSome(opcode - 0x84)));
          break;
        case 0x74: // TUPLE
          this.#stack.push(this.#tuple(this.#stack.popMark()));
          break;
        case 0x5d: // EMPTY_LIST
          this.#spend(64);
          this.#stack.push([]);
          break;
        case 0x6c: // LIST
          this.#stack.push(this.#grown([], this.#stack.popMark()));
          break;
        case 0x61: {
          const items = this.#stack.popSome(1); // APPEND
          this.#grown(this.#stack.top(), items);
          break;
        }
        case 0x65: {
          const items = this.#stack.popMark(); // APPENDS
          this.#grown(this.#stack.top(), items);
          break;
        }
        case 0x7d: // EMPTY_DICT
          this.#spend(256);
          this.#stack.push(new Map());
          break;
        case 0x64: // DICT
          this.#spend(256);
          this.#stack.push(this.#filled(new Map(), this.#stack.popMark()));
          break;
        case 0x73: {
          const pair = this.#stack.popSome(2); // SETITEM
          this.#filled(this.#stack.top(), pair);
          break;
        }
        case 0x75: {
          const pairs = this.#stack.popMark(); // SETITEMS
          this.#filled(this.#stack.top(), pairs);
          break;
        }
        case 0x8f: // EMPTY_SET
          this.#spend(256);
          this.#stack.push(new Set());
          break;
        case 0x90: {
          const items = this.#stack.popMark(); // ADDITEMS
          const set = this.#stack.top();
          if (!(set instanceof Set)) throw this.#breach("ADDITEMS on something else than a set");
          this.#spend(48 * items.length);
          for (const item of items) set.add(item);
          break;
        }
        case 0x91: {
          const items = this.#stack.popMark(); // FROZENSET
          this.#spend(256 + 48 * items.length);
          this.#stack.push(new Set(items));
          break;
        }

        case 0x71: // BINPUT
          this.#put(this.#in.uint8());
          break;
        case 0x72: // LONG_BINPUT
          this.#put(this.#in.length32());
          break;
        case 0x94: // MEMOIZE
          this.#put(this.#memo.size);
          break;
        case 0x68: // BINGET
          this.#get(this.#in.uint8());
          break;
        case 0x6a: // LONG_BINGET
          this.#get(this.#in.length32());
          break;

        case 0x63: {
          const module = this.#in.line(); // GLOBAL
          this.#global(module, this.#in.line());
          break;
        }
        case 0x93: {
          const [module, name] = this.#stack.popSome(2); // STACK_GLOBAL
          if (typeof module !== "string" || typeof name !== "string") throw this.#breach("STACK_GLOBAL without names");
          this.#global(module, name);
          break;
        }
        case 0x52: // REDUCE
        case 0x81: // NEWOBJ
          this.#call(this.#stack.pop());
          break;
        case 0x92: {
          const named = this.#stack.pop(); // NEWOBJ_EX
          if (!(named instanceof Map) || named.size > 0) throw this.#breach("an object is made with named arguments");
          this.#call(this.#stack.pop());
          break;
        }
        case 0x62: // BUILD
          this.#build(this.#stack.pop());
          break;
        case 0x51: {
          const id = this.#stack.pop(); // BINPERSID
          if (!this.#options.persistent) throw this.#breach("a persistent id where there is none to be");
          this.#spend(160);
          this.#stack.push(this.#options.persistent(id));
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
    this.#memo.set(index, this.#stack.top());
  }

  #get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#breach(`it remembers nothing by the number ${index}`);
    this.#stack.push(value);
  }

  #global(module: string, name: string): void {
    const found = findGlobal(module, name);
    if (!found) throw this.#options.breach(refusedGlobal(module, name));
    this.#spend(96);
    this.#stack.push(found);
  }

  /** REDUCE and NEWOBJ: of what is on the list, a class and a function are called alike. */
  #call(args: Value): void {
    const callee = this.#stack.pop();
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
    this.#stack.push(callee.make(args.items, this.#breach));
  }

  #build(state: Value): void {
    const object = this.#stack.top();
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
