/**
 * Protocol Buffers over ranged reads: walks the fields of a message in a file and leaves what they hold where it is, so that a model's
 * weights are never in memory for being walked over. Varints are protobufjs's; the rules are the encoding's
 * (https://protobuf.dev/programming-guides/encoding/).
 */
import protobuf from "protobufjs/minimal.js";
import type { ByteSource } from "../../platform/sources.ts";
import type { Breach } from "../weight-source.ts";

/** A field of a message: where in the file its content is, or a varint's value. */
export interface ProtoField {
  readonly id: number;
  readonly wire: 0 | 1 | 2 | 5;
  /** The value of a varint; 0 for others. Beyond ±2^53 it is not exact. */
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

const windowBytes = 2 ** 16;

/** Ten times what a ResNet-152 has that nobody optimised; walked in a few hundred milliseconds. */
const mostFields = 50_000;

export class ProtoFile {
  readonly source: ByteSource;
  readonly #breach: Breach;
  #window = protobuf.Reader.create(new Uint8Array(0));
  #from = 0;
  #fields = 0;

  constructor(source: ByteSource, breach: Breach) {
    this.source = source;
    this.#breach = breach;
  }

  /** The fields of the message from byte `start` to `end`. Throws what `breach` makes of a message that breaks the encoding. */
  async *fields(start: number, end: number, what: string): AsyncGenerator<ProtoField> {
    for (let at = start; at < end; ) {
      if (++this.#fields > mostFields) throw this.#breach(`has more than ${mostFields} fields, which no network has`);
      const field = fieldAt(await this.#readerAt(at), at, this.#from, end);
      if (typeof field === "string") throw this.#breach(`${field} in ${what} at byte ${at}: not a valid ONNX model`);
      yield field;
      at = field.end;
    }
  }

  /** A field's content. */
  async bytes({ start, end }: Pick<ProtoField, "start" | "end">): Promise<Uint8Array<ArrayBuffer>> {
    if (start >= this.#from && end <= this.#from + this.#window.len)
      return this.#window.buf.slice(start - this.#from, end - this.#from) as Uint8Array<ArrayBuffer>;
    return this.source.read(start, end - start);
  }

  /** A reader that stands at the file's byte `at`, and has a whole tag and length before it. */
  async #readerAt(at: number): Promise<protobuf.Reader> {
    const { size } = this.source;
    const needed = Math.min(at + 20, size);
    if (at < this.#from || needed > this.#from + this.#window.len) {
      const bytes = await this.source.read(at, Math.min(windowBytes, size - at));
      this.#window = protobuf.Reader.create(bytes);
      this.#from = at;
    }
    this.#window.pos = at - this.#from;
    return this.#window;
  }
}

/** The field that begins where `reader` stands, or what is wrong with it. `from`: where in the file the reader's bytes begin. */
function fieldAt(reader: protobuf.Reader, at: number, from: number, end: number): ProtoField | string {
  try {
    const tag = reader.uint32();
    const wire = tag & 7;
    const id = tag >>> 3;
    if (id === 0) return "a field of number 0";
    if (wire === 0) {
      const value = Number(reader.int64());
      const stop = from + reader.pos;
      return stop > end ? "a number that is cut off" : { id, wire, value, start: at, end: stop };
    }
    if (wire !== 1 && wire !== 2 && wire !== 5) return `a field of wire type ${wire}`;
    const length = wire === 2 ? Number(reader.uint64()) : wire === 1 ? 8 : 4;
    const start = from + reader.pos;
    if (length > end - start) return `a field of ${length} bytes where ${Math.max(0, end - start)} follow`;
    return { id, wire, value: 0, start, end: start + length };
  } catch {
    return "a number that is cut off";
  }
}
