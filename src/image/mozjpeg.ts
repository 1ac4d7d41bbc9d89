/**
 * mozjpeg in WebAssembly: a JPEG file of one or three components to RGBA, and what it has to say about damaged ones. libjpeg goes on
 * whatever the data and only warns; Pillow ignores all its warnings, and gives such a picture with grey or garbage in it. Here a
 * warning that pixels are damaged is an error: two libraries make different garbage, and a vector of it is worth nothing.
 */
import mozjpegFactory from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { ImageError } from "../errors.ts";
import { type CodecFactory, WasmCodec } from "./codec-wasm.ts";
import { marker, readJpegLayout } from "./jpeg-markers.ts";
import type { RgbaImage } from "./rgb-image.ts";

const factory: CodecFactory = mozjpegFactory;
/** Its option: do not turn the picture as EXIF says, which is decode.ts's to decide. */
const mozjpeg = new WasmCodec("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm", factory, [false]);

/**
 * Decodes. @param size what the pixels must have
 * @throws ImageError truncated, corrupt, or too-large where memory does not suffice
 */
export async function runMozjpeg(bytes: Uint8Array, size: { width: number; height: number }): Promise<RgbaImage> {
  const { pixels, messages } = await mozjpeg.decode(bytes);
  for (const message of messages) {
    const damage = damageOf(message, bytes);
    if (damage) throw damage;
  }
  if (pixels && pixels.width === size.width && pixels.height === size.height) return pixels;
  const said = messages.join("; ") || "no reason given";
  if (/memory|allocation|aborted/i.test(said)) {
    throw new ImageError("too-large", `${size.width}×${size.height} pixels: not enough memory to decode them`);
  }
  throw new ImageError("corrupt", `damaged JPEG: ${said}`);
}

/** What a line of libjpeg's means. It gives the first warning only, and the error that made it stop. */
function damageOf(message: string, bytes: Uint8Array): ImageError | undefined {
  if (message.startsWith("Premature end of JPEG file") || message.includes("premature end of data segment")) {
    return new ImageError("truncated", "truncated JPEG: its data ends before the last pixel");
  }
  if (message.includes("bad Huffman code")) return new ImageError("corrupt", "damaged JPEG: bad Huffman code");
  if (message.includes("instead of RST")) return new ImageError("corrupt", "damaged JPEG: a restart marker is missing");
  const [, count, code] = /(\d+) extraneous bytes before marker 0x([0-9a-f]{2})/.exec(message) ?? [];
  if (count && code && leftOver(bytes, Number(count), Number.parseInt(code, 16))) {
    return new ImageError("corrupt", `damaged JPEG: ${count} bytes of its data are left over after the last pixel`);
  }
  return undefined;
}

/**
 * Whether `count` bytes before a marker are what a decoder has left that lost its place in a scan. Harmless are one or two, bytes that
 * are all alike (padding), and whatever stands between the segments of a header.
 */
function leftOver(bytes: Uint8Array, count: number, code: number): boolean {
  if (count <= 2) return false;
  if ((code & 0xf8) === marker.restart0) return true;
  return readJpegLayout(bytes).segments.some(({ marker: kind, end, dataEnd }) => {
    if (kind !== marker.startOfScan || bytes[dataEnd + 1] !== code || dataEnd - end < count) return false;
    return bytes.subarray(dataEnd - count, dataEnd).some((byte) => byte !== bytes[dataEnd - 1]);
  });
}
