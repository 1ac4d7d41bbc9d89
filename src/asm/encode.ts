/**
 * Bytes of WebAssembly's binary format: LEB128 integers, IEEE floats, names, vectors and sections (WebAssembly Core
 * Specification, chapter 5). Knows no instructions and checks no types.
 */

/** Grows as bytes are written; everything is little-endian. */
export class ByteWriter {
  readonly bytes: number[] = [];

  byte(value: number): void {
    this.bytes.push(value & 0xff);
  }

  append(bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) this.bytes.push(bytes[i]!);
  }

  /** Unsigned LEB128: 7 bits a byte, the lowest first. */
  u32(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw new RangeError(`asm: ${value} is not a whole number from 0 to 2^32 - 1`);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes.push((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.bytes.push(rest);
  }

  /** Signed LEB128 of 32 bits. Takes -2^31 to 2^32 - 1: addresses above 2^31 are the same bits as negative numbers. */
  i32(value: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff)
      throw new RangeError(`asm: ${value} is not a whole number of 32 bits`);
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.bytes.push(done ? low : low | 0x80);
      if (done) return;
    }
  }

  f32(value: number): void {
    this.append(new Uint8Array(new Float32Array([value]).buffer));
  }

  f64(value: number): void {
    this.append(new Uint8Array(new Float64Array([value]).buffer));
  }

  /** Length, then UTF-8. */
  name(text: string): void {
    const utf8 = new TextEncoder().encode(text);
    this.u32(utf8.length);
    this.append(utf8);
  }

  /** Length, then what `write` writes. */
  sized(write: (body: ByteWriter) => void): void {
    const body = new ByteWriter();
    write(body);
    this.u32(body.bytes.length);
    this.append(body.bytes);
  }

  /** Number of items, then each item. */
  vector<T>(items: readonly T[], write: (item: T, index: number) => void): void {
    this.u32(items.length);
    items.forEach(write);
  }
}

/** Ids of the sections, in the order in which they must stand. */
const sectionIds = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  export: 7,
  code: 10,
} as const;

/** Writes a section unless `count` says that it is empty. */
export function writeSection(
  out: ByteWriter,
  id: keyof typeof sectionIds,
  count: number,
  write: (body: ByteWriter) => void,
): void {
  if (count === 0) return;
  out.byte(sectionIds[id]);
  out.sized(write);
}

/** `\0asm`, version 1. */
export const moduleHeader = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;
