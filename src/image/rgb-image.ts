/**
 * An image in memory as every step here passes it on: 8-bit RGB, row by row. Decoders make it, resizing takes and gives it.
 * No alpha, no palette, no 16 bits: the policy on each is decided where a file is decoded (see decode.ts).
 */
import { ImageError, OptionError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";

/** Row-major 8-bit RGB: the pixel (x, y) begins at `data[(y * width + x) * pixelBytes]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** 3 unless told. 4: behind each pixel lies a byte that nobody reads, as decoders leave it; to take it out would cost a pass. */
  readonly pixelBytes?: 3 | 4;
}

/** 8-bit RGBA, row-major: a canvas's `ImageData`, or what the WebAssembly decoders give. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** The most pixels that a file may declare: Pillow's limit, above which it calls a file a decompression bomb. */
export const maxPixels = 178_956_970;

/**
 * Checks a size read from a file's header, before anything is allocated for it.
 * @throws ImageError too-large above `maxPixels`, corrupt where a side is zero
 */
export function checkDimensions(width: number, height: number): void {
  if (width < 1 || height < 1) throw new ImageError("corrupt", `a ${width}×${height} image: neither side may be zero`);
  if (width * height > maxPixels) {
    const count = (n: number) => n.toLocaleString("en-US");
    throw new ImageError(
      "too-large",
      `${width}×${height} is ${count(width * height)} pixels: at most ${count(maxPixels)} are read (a decompression bomb?)`,
    );
  }
}

/** Its alpha channel is not read; colours are kept as they are, never blended with a background (Pillow's `convert("RGB")`). */
export function ignoreAlpha({ width, height, data }: RgbaImage): RgbImage {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length);
  return { width, height, data: bytes, pixelBytes: 4 };
}

/** The same pixels, three bytes each. */
export function packRgb(image: RgbImage): RgbImage {
  const { width, height, data, pixelBytes = 3 } = image;
  if (pixelBytes === 3) return image;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + 1]!;
    rgb[to + 2] = data[from + 2]!;
  }
  return { width, height, data: rgb };
}

/** Throws OptionError where `data` is no array of bytes, ImageError corrupt where it is not width × height × 4 of them. */
export function checkImageData({ width, height, data }: RgbaImage): void {
  checkDimensions(width, height);
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new OptionError(
      `ImageData: data is ${describeValue(data)}; expected 8-bit RGBA, a Uint8ClampedArray or Uint8Array`,
    );
  }
  if (!Number.isInteger(width) || !Number.isInteger(height) || data.length !== width * height * 4) {
    throw new ImageError(
      "corrupt",
      `ImageData: ${data.length} values for ${width}×${height} pixels, expected ${width * height * 4} (8-bit RGBA)`,
    );
  }
}

/** The pixels of a canvas (`context.getImageData(…)`), alpha ignored. Anything of the same form will do. Throws as checkImageData. */
export function fromImageData(source: RgbaImage): RgbImage {
  checkImageData(source);
  return ignoreAlpha(source);
}
