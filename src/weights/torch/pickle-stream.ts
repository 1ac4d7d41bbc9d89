/**
 * Pickles that stand one after another in a file, with other bytes between them. Nothing says how long one is: it is read from a window
 * that grows until it suffices.
 */
import type { ByteSource } from "../../platform/sources.ts";
import type { Breach } from "../weight-source.ts";
import { OutOfBytes } from "./pickle-bytes.ts";
import type { Value } from "./pickle-values.ts";
import { type UnpickleOptions, unpickle } from "./unpickle.ts";

/** A pickle holds no tensor's bytes; ResNet-152's has 150 KB. */
export const mostPickleBytes = 2 ** 25;

export class PickleStream {
  /** Where in the file the next pickle, or whatever comes next, begins. */
  at: number;
  readonly #source: ByteSource;
  readonly #end: number;
  readonly #breach: Breach;
  /** What was read of the file last. */
  #window = new Uint8Array(0);
  #windowAt = 0;

  /** Of the file's bytes from `at` to `end`. */
  constructor(source: ByteSource, at: number, end: number, breach: Breach) {
    this.#source = source;
    this.at = at;
    this.#end = end;
    this.#breach = breach;
  }

  /** The next pickle's value. */
  async next(what: string, options: UnpickleOptions): Promise<Value> {
    for (let wanted = 4096; ; wanted *= 8) {
      const window = await this.#ahead(wanted);
      try {
        const { value, end } = unpickle(window, 0, options);
        this.at += end;
        return value;
      } catch (error) {
        if (!(error instanceof OutOfBytes)) throw error;
        const size = window.length;
        if (this.at + size >= this.#end) throw this.#breach(`truncated: ends within ${what}: ${error.message}`);
        if (size >= mostPickleBytes) throw this.#breach(`${what} is longer than ${mostPickleBytes} bytes`);
      }
    }
  }

  /** Exactly `length` bytes, which are then behind us. */
  async bytes(length: number, what: string): Promise<DataView> {
    if (length > this.#end - this.at) throw this.#breach(`truncated: ends within ${what}`);
    const window = await this.#ahead(length);
    this.at += length;
    return new DataView(window.buffer, window.byteOffset, length);
  }

  /** Passes over bytes, which must be there. */
  skip(length: number, what: string): void {
    if (length > this.#end - this.at) throw this.#breach(`truncated: ends within ${what}`);
    this.at += length;
  }

  /** At least `wanted` bytes from here, or all that are left; from what was read already where that suffices. */
  async #ahead(wanted: number): Promise<Uint8Array> {
    const length = Math.min(wanted, this.#end - this.at, mostPickleBytes);
    const offset = this.at - this.#windowAt;
    if (offset < 0 || offset + length > this.#window.length) {
      this.#window = await this.#source.read(this.at, length);
      this.#windowAt = this.at;
    }
    return this.#window.subarray(this.at - this.#windowAt);
  }
}
