/** Every form in which a caller may hand over an image, brought to pixels. */
import { readBytes } from "#platform";
import { ImageError, OptionError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { fromImageData, type RgbaImage, type RgbImage } from "../image/rgb-image.ts";
import { FileError } from "../platform/byte-source.ts";
import { describeValue } from "../tensor/check-options.ts";

/** A file's path or URL object, encoded bytes, a Blob, or pixels: a browser's ImageData or anything of that form. */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | Blob | PixelSource;

/** RGBA, four bytes a pixel, row-major: what a canvas gives. */
export type PixelSource = RgbaImage;

export interface ReadImageOptions {
  /** What messages call the image; its path, URL or file name, else `image`. */
  readonly name?: string;
  /** Turn the picture as its EXIF data says; torchvision does not, so neither do we unless told. */
  readonly exif?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Pixels of an image. Throws ImageError, whose message starts with the image's name, or OptionError for what is no image source at all.
 */
export async function readImage(source: ImageSource, options: ReadImageOptions = {}): Promise<RgbImage> {
  if (isPixels(source)) return fromImageData(source);
  if (!isReadable(source)) throw new OptionError(`an image is ${describeValue(source)}: ${expected}`);
  const { exif, signal } = options;
  const name = options.name ?? nameOf(source) ?? "image";
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(source);
  } catch (error) {
    throw asImageError(error);
  }
  signal?.throwIfAborted();
  return decodeImage(bytes, { name, exif, signal });
}

/** The platform's errors of files as ImageErrors, all else as it is. */
export function asImageError(error: unknown): unknown {
  if (!(error instanceof FileError)) return error;
  const code = error.code === "not-writable" ? "not-readable" : error.code;
  return new ImageError(code, error.message, { cause: error });
}

/** What an image calls itself: its path, URL or file name. */
export function nameOf(source: ImageSource): string | undefined {
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Blob && "name" in source && typeof source.name === "string") return source.name;
  return undefined;
}

const expected =
  "give a path, a URL object, bytes (Uint8Array, ArrayBuffer), a Blob, or pixels { width, height, data }";

function isReadable(source: Exclude<ImageSource, PixelSource>): boolean {
  if (typeof source === "string" || source instanceof URL) return true;
  return source instanceof Uint8Array || source instanceof ArrayBuffer || source instanceof Blob;
}

function isPixels(source: ImageSource): source is PixelSource {
  return typeof source === "object" && source !== null && "width" in source && "height" in source && "data" in source;
}
