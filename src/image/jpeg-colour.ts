/**
 * From a JPEG's stored components to RGB, for the files whose colours the WebAssembly decoder does not convert as Pillow does
 * (4:4:0, CMYK, YCCK). The arithmetic is libjpeg-turbo's (jdsample.c, jdcolor.c) and Pillow's (Convert.c), written from their
 * formulas; goldens.test.ts holds it against Pillow's pixels.
 */
import type { RgbaImage } from "./rgb-image.ts";

/** Rounds a real factor to 16 fractional bits. */
const fixed = (x: number) => Math.round(x * 65536);

/** A channel of some RGBA pixels. */
export interface Channel {
  readonly pixels: RgbaImage;
  readonly channel: number;
}

/**
 * Doubles the rows of `from` into `to`, smoothly: each becomes 3/4 of its own stored row and 1/4 of the next nearest, rounded down
 * and up in turn. Both have the same width; `to` has twice as many rows, or one less.
 */
export function doubleRows(from: Channel, to: Channel): void {
  const { width, height: stored, data: source } = from.pixels;
  const { height, data } = to.pixels;
  for (let y = 0; y < height; y++) {
    const near = y >> 1;
    const below = y & 1;
    const far = Math.min(Math.max(below ? near + 1 : near - 1, 0), stored - 1);
    for (let x = 0; x < width; x++) {
      const nearest = source[(near * width + x) * 4 + from.channel]!;
      const other = source[(far * width + x) * 4 + from.channel]!;
      data[(y * width + x) * 4 + to.channel] = (3 * nearest + other + 1 + below) >> 2;
    }
  }
}

/** The first three channels of four-byte pixels from YCbCr to RGB, in place. */
export function convertYcc(data: Uint8Array | Uint8ClampedArray): void {
  const redOfCr = fixed(1.402);
  const greenOfCr = fixed(0.71414);
  const greenOfCb = fixed(0.34414);
  const blueOfCb = fixed(1.772);
  const half = 1 << 15;
  for (let i = 0; i < data.length; i += 4) {
    const y = data[i]!;
    const cb = data[i + 1]! - 128;
    const cr = data[i + 2]! - 128;
    data[i] = clamp(y + ((redOfCr * cr + half) >> 16));
    data[i + 1] = clamp(y + ((half - greenOfCb * cb - greenOfCr * cr) >> 16));
    data[i + 2] = clamp(y + ((blueOfCb * cb + half) >> 16));
  }
}

/**
 * RGB from ink: `inks` holds cyan, magenta and yellow, 255 for full ink, as four-byte pixels, `light` black the other way round,
 * 255 for none. Pillow: `light - ink × light / 255`, the product rounded.
 */
export function rgbFromInks(inks: Uint8Array | Uint8ClampedArray, light: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(light.length * 3);
  for (let i = 0, to = 0; i < light.length; i++) {
    const white = light[i]!;
    for (let c = 0; c < 3; c++) {
      const product = inks[i * 4 + c]! * white + 128;
      rgb[to++] = white - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
