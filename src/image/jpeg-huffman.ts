/**
 * Reading and writing the entropy-coded data of a JPEG scan bit by bit, for jpeg-components.ts, which moves bits from one file to
 * another. It knows Huffman codes, byte stuffing and restart markers (ITU-T T.81, annexes C and F), and no coefficient's value.
 */
import { ImageError } from "../errors.ts";
import { marker } from "./jpeg-markers.ts";

/** For each 16 bits of look-ahead the code that they begin with: its length << 8 | its symbol; 0 where no code fits. */
export type HuffmanTable = Uint16Array;

/**
 * Reads a DHT segment's tables into `tables`, by the byte that names them (class << 4 | identifier).
 * @throws ImageError corrupt where the code lengths do not make a code
 */
export function readHuffmanTables(segment: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at < segment.length; ) {
    const name = segment[at]!;
    const counts = segment.subarray(at + 1, at + 17);
    const symbols = segment.subarray(at + 17, at + 17 + counts.reduce((sum, count) => sum + count, 0));
    const table: HuffmanTable = new Uint16Array(1 << 16);
    let next = 0; // the next code, in the upper of 16 bits
    let index = 0;
    for (let length = 1; length <= 16; length++) {
      for (let i = 0; i < (counts[length - 1] ?? 0); i++) {
        const past = next + (1 << (16 - length));
        if (past > 1 << 16 || index >= symbols.length)
          throw new ImageError("corrupt", "damaged JPEG: bad Huffman table");
        table.fill((length << 8) | symbols[index++]!, next, past);
        next = past;
      }
    }
    tables.set(name, table);
    at += 17 + symbols.length;
  }
}

/** Reads the bits of a scan's entropy-coded data, `bytes[at]` to `bytes[end - 1]`, the stuffed zero bytes taken out. */
export class ScanReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** The next `#count` bits, in the low bits of `#bits`. */
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** The next 16 bits without taking them; past the end they are zeros. */
  peek16(): number {
    while (this.#count < 16) {
      let byte = 0;
      // A marker ends an interval: what is asked of it beyond its bits is zeros, and `take` notices when they are used.
      if (this.#at < this.#end) {
        byte = this.#bytes[this.#at]!;
        if (byte !== 0xff) this.#at++;
        else if (this.#bytes[this.#at + 1] === 0) this.#at += 2;
        else byte = -1;
      } else byte = -1;
      if (byte < 0) return (this.#bits << (16 - this.#count)) & 0xffff;
      this.#bits = ((this.#bits & 0xffff) << 8) | byte;
      this.#count += 8;
    }
    return (this.#bits >>> (this.#count - 16)) & 0xffff;
  }

  /** Takes `length` ≤ 16 of the bits that `peek16` showed. */
  take(length: number): void {
    if (length > this.#count) throw new ImageError("truncated", "truncated JPEG: a scan's data ends too soon");
    this.#count -= length;
  }

  /** Goes past the restart marker that must come next. */
  restart(): void {
    this.#count = 0;
    while (this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0xff) this.#at++;
    const code = this.#bytes[this.#at + 1] ?? 0;
    if (this.#at + 2 > this.#end || this.#bytes[this.#at] !== 0xff || (code & 0xf8) !== marker.restart0) {
      throw new ImageError("corrupt", "damaged JPEG: a restart marker is missing");
    }
    this.#at += 2;
  }
}

/** Writes bits as entropy-coded data into `out` from `at` on, a zero byte after each 0xff. */
export class ScanWriter {
  readonly #out: Uint8Array;
  #bits = 0;
  #count = 0;
  /** One past the last whole byte. */
  at: number;

  constructor(out: Uint8Array, at: number) {
    this.#out = out;
    this.at = at;
  }

  /** Appends the low `length` ≤ 16 bits of `bits`. */
  put(bits: number, length: number): void {
    this.#bits = ((this.#bits & 0xff) << length) | bits;
    this.#count += length;
    while (this.#count >= 8) {
      this.#count -= 8;
      const byte = (this.#bits >>> this.#count) & 0xff;
      this.#out[this.at++] = byte;
      if (byte === 0xff) this.#out[this.at++] = 0;
    }
  }

  /** Fills the last byte with ones, as the standard wants before a marker. */
  flush(): void {
    if (this.#count > 0) this.put((1 << (8 - this.#count)) - 1, 8 - this.#count);
  }

  /** Ends an interval with restart marker number `index` modulo 8. */
  restart(index: number): void {
    this.flush();
    this.#out[this.at++] = 0xff;
    this.#out[this.at++] = marker.restart0 | (index & 7);
  }
}
