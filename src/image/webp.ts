/**
 * WebP: libwebp in WebAssembly, lossy and lossless, pixel for pixel like Pillow. Alpha is dropped. Of an animation the first frame is
 * read, on its canvas (black where it does not reach). Container: https://developers.google.com/speed/webp/docs/riff_container
 */
import webpFactory from "@jsquash/webp/codec/dec/webp_dec.js";
import { ImageError } from "../errors.ts";
import { type CodecFactory, WasmCodec } from "./codec-wasm.ts";
import type { DecodedFile } from "./decoded-file.ts";
import { checkDimensions, ignoreAlpha, packRgb, type RgbImage } from "./rgb-image.ts";

const factory: CodecFactory = webpFactory;
const libwebp = new WasmCodec("@jsquash/webp/codec/dec/webp_dec.wasm", factory);

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A chunk of the container; `body` has no padding. */
interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
}

/** Decodes a file that begins with RIFF????WEBP. @throws ImageError, without the file's name */
export async function decodeWebp(bytes: Uint8Array): Promise<DecodedFile> {
  const riffEnd = 8 + uint(bytes, 4, 4);
  if (riffEnd > bytes.length || bytes.length < 20) {
    throw new ImageError("truncated", `truncated WebP: ${bytes.length} bytes of ${Math.max(riffEnd, 20)}`);
  }
  const chunks = readChunks(bytes.subarray(12, riffEnd));
  const canvas = canvasOf(chunks);
  if (canvas) checkDimensions(canvas.width, canvas.height);
  const frame = find(chunks, "ANMF");
  const image = frame ? await decodeFrame(frame, canvas) : await decodeChunk(chunks);
  if (canvas && (image.width !== canvas.width || image.height !== canvas.height)) {
    throw damaged(`${image.width}×${image.height} pixels on a canvas of ${canvas.width}×${canvas.height}`);
  }
  return { image, exif: find(chunks, "EXIF"), xmp: find(chunks, "XMP ") };
}

/** An animation's frame on its canvas: place and size stand in the body's first 16 bytes, then come its chunks. */
async function decodeFrame(body: Uint8Array, canvas: Size | undefined): Promise<RgbImage> {
  if (!canvas || body.length < 16) throw damaged("its first frame has no header");
  const left = 2 * uint(body, 0, 3);
  const top = 2 * uint(body, 3, 3);
  const frame = packRgb(await decodeChunk(readChunks(body.subarray(16))));
  if (left + frame.width > canvas.width || top + frame.height > canvas.height)
    throw damaged("its first frame overhangs");
  const data = new Uint8Array(canvas.width * canvas.height * 3);
  for (let y = 0; y < frame.height; y++) {
    const line = frame.data.subarray(y * frame.width * 3, (y + 1) * frame.width * 3);
    data.set(line, ((top + y) * canvas.width + left) * 3);
  }
  return { ...canvas, data };
}

/**
 * The colours of the image chunk among these. It is given to the decoder as a file of its own: a whole file's lossless decoder would
 * read on behind a chunk that ends too soon, and the alpha chunk is not wanted.
 */
async function decodeChunk(chunks: readonly Chunk[]): Promise<RgbImage> {
  const chunk = chunks.find(({ type }) => type === "VP8 " || type === "VP8L");
  if (!chunk) throw damaged("it has no image");
  const { width, height } = imageSize(chunk);
  checkDimensions(width, height);
  const { pixels, messages } = await libwebp.decode(fileOf(chunk));
  if (pixels && pixels.width === width && pixels.height === height) return ignoreAlpha(pixels);
  if (messages.some((message) => /memory|allocation|abort/i.test(message))) {
    throw new ImageError("too-large", `${width}×${height} pixels: not enough memory to decode them`);
  }
  throw damaged("its compressed pixels cannot be read");
}

function damaged(what: string): ImageError {
  return new ImageError("corrupt", `damaged WebP: ${what}`);
}

function readChunks(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = uint(bytes, at + 4, 4);
    if (at + 8 + length > bytes.length) throw damaged("a chunk is longer than the file says it is");
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    chunks.push({ type, body: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length & 1);
  }
  return chunks;
}

function find(chunks: readonly Chunk[], type: string): Uint8Array | undefined {
  return chunks.find((chunk) => chunk.type === type)?.body;
}

/** The canvas that VP8X declares. */
function canvasOf(chunks: readonly Chunk[]): Size | undefined {
  const body = find(chunks, "VP8X");
  return body && body.length >= 10 ? { width: uint(body, 4, 3) + 1, height: uint(body, 7, 3) + 1 } : undefined;
}

/** From the header of a lossy (VP8: RFC 6386, 9.1) or a lossless bitstream. */
function imageSize({ type, body }: Chunk): Size {
  if (type === "VP8 " && body.length >= 10 && uint(body, 3, 3) === 0x2a019d) {
    return { width: uint(body, 6, 2) & 0x3fff, height: uint(body, 8, 2) & 0x3fff };
  }
  if (type === "VP8L" && body.length >= 5 && body[0] === 0x2f) {
    const bits = uint(body, 1, 4);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  throw damaged("its image has no header");
}

/** A WebP file that holds one image chunk. */
function fileOf({ type, body }: Chunk): Uint8Array {
  const padded = body.length + (body.length & 1);
  const file = new Uint8Array(20 + padded);
  const view = new DataView(file.buffer);
  const name = (at: number, text: string) => {
    for (let i = 0; i < 4; i++) file[at + i] = text.charCodeAt(i);
  };
  name(0, "RIFF");
  view.setUint32(4, 12 + padded, true);
  name(8, "WEBP");
  name(12, type);
  view.setUint32(16, body.length, true);
  file.set(body, 20);
  return file;
}

/** A little-endian number of `length` bytes; bytes beyond the end are zeros. */
function uint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
