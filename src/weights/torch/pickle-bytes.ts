/**
 * The bytes of a pickle, taken one after another: numbers, texts, names. Every length is checked against the bytes that are left before it is
 * believed. What opcodes do with them is unpickle.ts.
 */
import type { Breach } from "../weight-source.ts";
import type { Budget, Value } from "./pickle-values.ts";

/** The bytes ended before the pickle did: there may be more of them in the file. */
export class OutOfBytes extends Error {}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class PickleBytes {
  /** The next byte. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #budget: Budget;
  readonly #breach: Breach;

  /** From `bytes[at]`. Its methods throw OutOfBytes where the bytes end, and what `breach` makes of a fault. */
  constructor(bytes: Uint8Array, at: number, budget: Budget, breach: Breach) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
    this.#budget = budget;
    this.#breach = breach;
  }

  /** Where `count` bytes begin, which are then behind us. */
  #take(count: number): number {
    const begin = this.at;
    if (count > this.#bytes.length - begin) throw new OutOfBytes(`${count} bytes are wanted from byte ${begin}`);
    this.at = begin + count;
    return begin;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** The one big-endian number. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  length32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  length64(): number {
    const length = this.#view.getBigUint64(this.#take(8), true);
    if (length > 2n ** 40n) throw this.#breach(`a length of ${length} bytes`);
    return Number(length);
  }

  text(length: number): string {
    const begin = this.#take(length);
    this.#budget.spend(32 + length);
    try {
      return utf8.decode(this.#bytes.subarray(begin, begin + length));
    } catch {
      throw this.#breach("a text is not valid UTF-8");
    }
  }

  /** What Python 2 called a string: text, or bytes where it is no UTF-8. */
  python2Text(length: number): Value {
    const begin = this.#take(length);
    this.#budget.spend(96 + length);
    const bytes = this.#bytes.slice(begin, begin + length);
    try {
      return utf8.decode(bytes);
    } catch {
      return bytes;
    }
  }

  blob(length: number): Uint8Array {
    const begin = this.#take(length);
    this.#budget.spend(96 + length);
    return this.#bytes.slice(begin, begin + length);
  }

  /** A whole number in two's complement, little-endian. */
  long(length: number): number | bigint {
    if (length > 1024) throw this.#breach(`a whole number of ${length} bytes; up to 1024 are read`);
    const begin = this.#take(length);
    this.#budget.spend(32 + length);
    if (length === 0) return 0;
    let hex = "0x";
    for (let i = length - 1; i >= 0; i--) hex += this.#bytes[begin + i]!.toString(16).padStart(2, "0");
    const long = BigInt.asIntN(8 * length, BigInt(hex));
    const number = Number(long);
    return Number.isSafeInteger(number) ? number : long;
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new OutOfBytes("a name has no end");
    const line = this.text(end - this.at);
    this.at = end + 1;
    return line;
  }
}
