/**
 * PNG: every colour type, depth and interlacing, to RGB as Pillow's `convert("RGB")` gives it. Two things are on purpose: 16-bit
 * grey keeps its high byte (Pillow clips it at 255, which turns most such pictures white), and what tRNS makes transparent keeps
 * its colour, since alpha is dropped. Of an animated PNG the still image is read.
 */
import { ImageError } from "../errors.ts";
import type { DecodedFile } from "./decoded-file.ts";
import { inflate } from "./inflate.ts";
import { readPngChunks } from "./png-chunks.ts";
import { pngDataSize, pngPixels } from "./png-pixels.ts";

/** Decodes a file that begins with PNG's eight magic bytes. @throws ImageError, without the file's name */
export async function decodePng(bytes: Uint8Array): Promise<DecodedFile> {
  const { header, palette, data, cut, exif, xmp } = readPngChunks(bytes);
  const tooShort = (where: string, what: string) =>
    cut
      ? new ImageError("truncated", `truncated PNG: its ${bytes.length} bytes end ${where}`)
      : new ImageError("corrupt", `damaged PNG: ${what}`);
  if (data.length === 0) throw tooShort("before the pixels", "it has no pixels");
  if (header.colourType === 3 && !palette) throw new ImageError("corrupt", "damaged PNG: its palette is missing");
  const { width, height } = header;
  const size = pngDataSize(header);
  // Deflate makes at most 1032 bytes of one: where that is too little, nothing need be allocated to find out.
  const missing = tooShort("among the pixels", `its data are too short for ${width}×${height} pixels`);
  if (size > data.length * 1032) throw missing;
  const lines = new Uint8Array(size);
  const end = inflate(data, lines);
  if (end === "corrupt") throw new ImageError("corrupt", "damaged PNG: its compressed pixels cannot be read");
  if (end !== "full") throw missing;
  return { image: { width, height, data: pngPixels(header, lines, palette) }, exif, xmp };
}
