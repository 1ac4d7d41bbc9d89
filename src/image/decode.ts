/**
 * The bytes of an image file to RGB pixels, equal to Pillow's `Image.open(…).convert("RGB")`: the format is found by the file's first
 * bytes, grey is repeated, palettes are looked up, alpha is dropped and not blended. What cannot be decoded, whatever the bytes, is one
 * ImageError that names the file.
 */
import { ImageError, ResidualError } from "../errors.ts";
import type { DecodedFile } from "./decoded-file.ts";
import { decodeGif } from "./gif.ts";
import { decodeJpeg } from "./jpeg.ts";
import { orient, orientationOf } from "./orientation.ts";
import { decodePng } from "./png.ts";
import type { RgbImage } from "./rgb-image.ts";
import { type ImageFormat, sniffFormat } from "./sniff.ts";
import { decodeWebp } from "./webp.ts";

export interface DecodeOptions {
  /** What messages call the file; its path, usually. Default `image`. */
  readonly name?: string;
  /** Turn the picture as its EXIF orientation says. Default false, as torchvision does. */
  readonly exif?: boolean;
  readonly signal?: AbortSignal;
}

const decoders: Readonly<Record<ImageFormat, (bytes: Uint8Array) => Promise<DecodedFile>>> = {
  jpeg: decodeJpeg,
  png: decodePng,
  webp: decodeWebp,
  gif: decodeGif,
};

/**
 * Decodes JPEG, PNG, WebP, or a GIF's first frame.
 * @throws ImageError whose message begins with `name`: not-an-image, truncated, corrupt, too-large (above 178,956,970 pixels, by
 * the header) or unsupported; the signal's reason when aborted; another error only where a decoder itself cannot be loaded
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbImage> {
  const { name = "image", exif = false, signal } = options;
  signal?.throwIfAborted();
  let image: RgbImage;
  try {
    const decoded = await decoders[sniffFormat(bytes)](bytes);
    image = exif ? orient(decoded.image, orientationOf(decoded)) : decoded.image;
  } catch (cause) {
    throw named(name, cause);
  }
  signal?.throwIfAborted();
  return image;
}

function named(name: string, cause: unknown): unknown {
  if (cause instanceof ImageError) {
    return new ImageError(cause.code, `${name}: ${cause.message}`, { cause });
  }
  if (cause instanceof ResidualError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof RangeError) {
    return new ImageError("too-large", `${name}: not enough memory to decode it (${message})`, { cause });
  }
  return new ImageError("corrupt", `${name}: cannot be decoded (${message})`, { cause });
}
