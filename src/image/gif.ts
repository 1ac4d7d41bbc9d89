/**
 * GIF: the first frame on its canvas, as Pillow's `convert("RGB")` of a file just opened gives it. Transparency is dropped (a
 * transparent pixel shows its palette's colour), and what the frame leaves free has the transparent index, or index 0.
 * Only what comes before the end of the first frame is read; frames after it may be damaged.
 */
import { ImageError } from "../errors.ts";
import type { DecodedFile } from "./decoded-file.ts";
import { decodeLzw } from "./gif-lzw.ts";
import { checkDimensions, type RgbImage } from "./rgb-image.ts";

/** The first frame: where it lies, and where its data begins. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  readonly palette: Uint8Array | undefined;
  readonly transparent: number | undefined;
  readonly dataAt: number;
}

/** First row and step of the four passes of an interlaced frame. */
const interlacedPasses = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

/** Decodes a file that begins with GIF87a or GIF89a. @throws ImageError, without the file's name */
export async function decodeGif(bytes: Uint8Array): Promise<DecodedFile> {
  const reader = new GifReader(bytes);
  const frame = reader.firstFrame();
  // A frame that reaches beyond the canvas widens it.
  const width = Math.max(reader.width, frame.left + frame.width);
  const height = Math.max(reader.height, frame.top + frame.height);
  checkDimensions(width, height);
  if (frame.width === 0 || frame.height === 0) throw new ImageError("corrupt", "damaged GIF: its first frame is empty");
  const bits = reader.byte(frame.dataAt);
  if (bits < 1 || bits > 8) throw new ImageError("corrupt", `damaged GIF: codes of ${bits} bits, expected 1 to 8`);

  // A code has two bits at least and stands for fewer than 4096 pixels: a file too small is told before anything is allocated.
  if (frame.width * frame.height > bytes.length * 4 * 4096) {
    throw new ImageError("truncated", `truncated GIF: ${bytes.length} bytes for ${frame.width}×${frame.height} pixels`);
  }
  const indices = new Uint8Array(frame.width * frame.height);
  decodeLzw(bytes, frame.dataAt + 1, bits, indices);
  const canvas = new Uint8Array(width * height).fill(frame.transparent ?? 0);
  let row = 0;
  for (const [start, step] of frame.interlaced ? interlacedPasses : ([[0, 1]] as const)) {
    for (let y = start; y < frame.height; y += step, row++) {
      const line = indices.subarray(row * frame.width, (row + 1) * frame.width);
      canvas.set(line, (frame.top + y) * width + frame.left);
    }
  }
  return { image: lookUp(canvas, width, height, frame.palette) };
}

/** Reads the blocks before the first frame's data. */
class GifReader {
  readonly width: number;
  readonly height: number;
  readonly #bytes: Uint8Array;
  readonly #globalPalette: Uint8Array | undefined;
  #at: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.width = this.#word(6);
    this.height = this.#word(8);
    const flags = this.byte(10);
    this.#at = 13;
    this.#globalPalette = this.#readPalette(flags);
  }

  firstFrame(): Frame {
    let transparent: number | undefined;
    for (;;) {
      const introducer = this.byte(this.#at++);
      if (introducer === 0x2c) break;
      if (introducer === 0x3b) throw new ImageError("corrupt", "damaged GIF: it has no frame");
      // Stray bytes between blocks are passed over, as Pillow does.
      if (introducer !== 0x21) continue;
      const label = this.byte(this.#at++);
      // A graphic control extension: flags, delay (2), transparent index.
      if (label === 0xf9 && this.byte(this.#at) >= 4 && this.byte(this.#at + 1) & 1)
        transparent = this.byte(this.#at + 4);
      for (let size = this.byte(this.#at++); size > 0; size = this.byte(this.#at++)) this.#at += size;
    }
    const at = this.#at;
    const flags = this.byte(at + 8);
    this.#at += 9;
    return {
      left: this.#word(at),
      top: this.#word(at + 2),
      width: this.#word(at + 4),
      height: this.#word(at + 6),
      interlaced: (flags & 0x40) !== 0,
      palette: this.#readPalette(flags) ?? this.#globalPalette,
      transparent,
      dataAt: this.#at,
    };
  }

  byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) {
      throw new ImageError("truncated", `truncated GIF: its ${this.#bytes.length} bytes end before the pixels`);
    }
    return byte;
  }

  #word(at: number): number {
    return this.byte(at) | (this.byte(at + 1) << 8);
  }

  /** A palette of 2^(n + 1) colours stands here where the flags' highest bit says so; n are the lowest three. */
  #readPalette(flags: number): Uint8Array | undefined {
    if (!(flags & 0x80)) return undefined;
    const at = this.#at;
    this.#at += 3 << ((flags & 7) + 1);
    this.byte(this.#at - 1);
    return this.#bytes.subarray(at, this.#at);
  }
}

/** Indices to colours: black beyond the palette; grey levels without one, or where it is a grey ramp from black (any length). */
function lookUp(indices: Uint8Array, width: number, height: number, palette: Uint8Array | undefined): RgbImage {
  const ramp = !palette || palette.every((level, i) => level === Math.floor(i / 3));
  const colours = new Uint8Array(256 * 3);
  for (let i = 0; i < colours.length; i++) colours[i] = ramp ? Math.floor(i / 3) : (palette[i] ?? 0);
  const data = new Uint8Array(indices.length * 3);
  for (let i = 0, to = 0; i < indices.length; i++, to += 3) {
    const from = indices[i]! * 3;
    data[to] = colours[from]!;
    data[to + 1] = colours[from + 1]!;
    data[to + 2] = colours[from + 2]!;
  }
  return { width, height, data };
}
