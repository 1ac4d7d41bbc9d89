/**
 * Pixels to a network's input, number for number as torchvision's ImageClassification preset on a PIL image: resize, centre crop,
 * `/255`, minus mean, by deviation. torchvision/transforms/functional.py has the sizes' rules.
 */
import { freeArray } from "../tensor/free-array.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { Preset } from "./preset.ts";
import { type Region, resizeRegion, type Size } from "./resize.ts";
import type { RgbImage } from "./rgb-image.ts";

/** The network's input, [3, crop, crop]: a plane of red, of green and of blue. */
export function preprocess(image: RgbImage, preset: Preset): HostTensor {
  const { crop } = preset;
  const plane = crop * crop;
  const data = new Float32Array(3 * plane);
  const pixels = resizeAndCrop(image, preset).data;
  for (let channel = 0; channel < 3; channel++) {
    const levels = levelsOf(preset.mean[channel]!, preset.std[channel]!);
    for (let i = 0, from = channel, to = channel * plane; i < plane; i++, from += 3, to++)
      data[to] = levels[pixels[from]!]!;
  }
  freeArray(pixels);
  return { shape: [3, crop, crop], dtype: "float32", data };
}

/** What each of the 256 levels of a channel becomes: (v / 255 - mean) / std, in float32 and rounded after each operation. */
function levelsOf(mean: number, std: number): Float32Array {
  const { fround } = Math;
  return Float32Array.from({ length: 256 }, (_, v) => fround(fround(fround(v / 255) - fround(mean)) / fround(std)));
}

/** The 8-bit square, crop × crop, that `preprocess` makes numbers of. Only what is inside it is computed. */
export function resizeAndCrop(image: RgbImage, { resize, crop, interpolation }: Preset): RgbImage {
  const size = resizedSize(image, resize);
  const x = cropAxis(size.width, crop);
  const y = cropAxis(size.height, crop);
  const region: Region = { left: x.start, top: y.start, width: x.length, height: y.length };
  const resized = resizeRegion(image, size, region, interpolation);
  if (region.width === crop && region.height === crop) return resized;
  const data = new Uint8Array(crop * crop * 3);
  for (let row = 0; row < region.height; row++) {
    const line = resized.data.subarray(row * region.width * 3, (row + 1) * region.width * 3);
    data.set(line, ((y.padding + row) * crop + x.padding) * 3);
  }
  return { width: crop, height: crop, data };
}

/** The longer side is truncated: int(shorter × long / short), the product first. */
function resizedSize({ width, height }: Size, resize: Preset["resize"]): Size {
  if ("squash" in resize) return { width: resize.squash[0], height: resize.squash[1] };
  const longer = Math.trunc((resize.shorter * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: resize.shorter, height: longer } : { width: longer, height: resize.shorter };
}

/** Along one side: where the crop begins in the resized image and how much of it there is; zeros fill what is missing. */
function cropAxis(size: number, crop: number): { start: number; length: number; padding: number } {
  if (size < crop) return { start: 0, length: size, padding: Math.floor((crop - size) / 2) };
  return { start: roundHalfToEven((size - crop) / 2), length: crop, padding: 0 };
}

/** Python's round(). */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
