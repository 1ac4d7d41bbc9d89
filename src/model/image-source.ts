/** Every form in which a caller may hand over an image, brought to pixels. */
import { readBytes } from "#platform";
import { ImageError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { fromImageData, type RgbImage } from "../image/rgb-image.ts";
import { FileError } from "../platform/byte-source.ts";

/** A file's path or URL object, encoded bytes, a Blob, or pixels: a browser's ImageData or anything of that form. */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | Blob | PixelSource;

/** RGBA, four bytes a pixel, row-major: what a canvas gives. */
export interface PixelSource {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

export interface ReadImageOptions {
  /** Turn the picture as its EXIF data says; torchvision does not, so neither do we unless told. */
  readonly exif?: boolean;
  readonly signal?: AbortSignal;
}

/** Pixels of an image. Throws ImageError, whose message starts with the image's name. */
export async function readImage(source: ImageSource, options: ReadImageOptions = {}): Promise<RgbImage> {
  if (isPixels(source)) return fromImageData(source);
  const name = nameOf(source);
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(source);
  } catch (error) {
    if (error instanceof FileError)
      throw new ImageError(error.code === "not-found" ? "not-found" : "not-readable", error.message, { cause: error });
    throw error;
  }
  options.signal?.throwIfAborted();
  return decodeImage(bytes, { name, exif: options.exif });
}

function isPixels(source: ImageSource): source is PixelSource {
  return typeof source === "object" && "width" in source && "height" in source && "data" in source;
}

function nameOf(source: Exclude<ImageSource, PixelSource>): string {
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Blob && "name" in source && typeof source.name === "string") return source.name;
  return "image";
}
