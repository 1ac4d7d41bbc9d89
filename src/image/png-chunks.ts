/**
 * The chunks of a PNG file: what the pixels need, what can say which way up they are, and whether the file is whole. Strict up to
 * the pixels' end, checksums included; what stands after them may be damaged or missing, as for Pillow.
 */
import { ImageError } from "../errors.ts";
import { crc32 } from "../tensor/crc32.ts";
import { checkDimensions } from "./rgb-image.ts";

/** The IHDR chunk. `colourType`: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

export interface PngFile {
  readonly header: PngHeader;
  /** PLTE: three bytes a colour. */
  readonly palette: Uint8Array | undefined;
  /** The zlib stream (IDAT). */
  readonly data: Uint8Array;
  /** The file ends inside a chunk, or without IEND. */
  readonly cut: boolean;
  readonly exif: Uint8Array | undefined;
  readonly xmp: Uint8Array | undefined;
}

/** The depths that each colour type may have. */
const depths = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** Reads a file that begins with PNG's eight magic bytes. @throws ImageError, without the file's name */
export function readPngChunks(bytes: Uint8Array): PngFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | undefined;
  let palette: Uint8Array | undefined;
  let exif: Uint8Array | undefined;
  let xmp: Uint8Array | undefined;
  const parts: Uint8Array[] = [];
  let pixelsEnded = false;
  let cut = true;

  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    const end = at + 12 + length;
    if (parts.length > 0 && type !== "IDAT") pixelsEnded = true;
    if (!/^[A-Za-z]{4}$/.test(type)) {
      if (pixelsEnded) break;
      throw damaged(`no chunk begins at byte ${at}`);
    }
    if (!header && type !== "IHDR") throw damaged("it does not begin with its header");
    // Pillow takes the first run of IDAT chunks alone.
    if (type === "IDAT" && !pixelsEnded) parts.push(body);
    if (end > bytes.length) break;
    if (!pixelsEnded && view.getUint32(end - 4) !== crc32(bytes.subarray(at + 4, end - 4))) {
      throw damaged(`the checksum of its ${type} chunk does not fit`);
    }
    if (type === "IHDR") header ??= readHeader(body);
    else if (type === "PLTE" && !pixelsEnded) palette = readPalette(body);
    else if (type === "eXIf") exif ??= body;
    else if (type === "iTXt" && isXmp(body)) xmp ??= body;
    else if (type === "IEND") {
      cut = false;
      break;
    }
    at = end;
  }
  if (!header) throw new ImageError("truncated", `truncated PNG: its ${bytes.length} bytes end in its header`);
  return { header, palette, data: joined(parts), cut, exif, xmp };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function damaged(what: string): ImageError {
  return new ImageError("corrupt", `damaged PNG: ${what}`);
}

function readHeader(body: Uint8Array): PngHeader {
  if (body.length < 13) throw damaged("its header is too short");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const header = {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: body[8]!,
    colourType: body[9]!,
    interlaced: body[12] !== 0,
  };
  checkDimensions(header.width, header.height);
  if (!depths.get(header.colourType)?.includes(header.depth)) {
    throw damaged(`there is no colour type ${header.colourType} with ${header.depth} bits`);
  }
  if (body[10] !== 0 || body[11] !== 0) throw damaged("unknown compression or filter method");
  return header;
}

function readPalette(body: Uint8Array): Uint8Array {
  if (body.length > 256 * 3) throw damaged("its palette has more than 256 colours");
  return body;
}

/** An uncompressed XMP packet: keyword, zero, compression flag and method zero. */
function isXmp(body: Uint8Array): boolean {
  const keyword = "XML:com.adobe.xmp\0\0\0";
  return body.length >= keyword.length && [...keyword].every((char, i) => body[i] === char.charCodeAt(0));
}
