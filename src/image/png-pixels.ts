/**
 * PNG's inflated data to RGB: scanline filters, Adam7 interlacing, and samples of every depth and colour type. Pure arithmetic,
 * after the PNG specification's sections 7 to 9. Alpha is dropped, and of 16 bits the high byte is kept.
 */
import { ImageError } from "../errors.ts";
import type { PngHeader } from "./png-chunks.ts";

/** A reduced image of Adam7: its first pixel and its steps. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

const whole: readonly Pass[] = [{ x: 0, y: 0, dx: 1, dy: 1 }];
const adam7: readonly Pass[] = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

/** Samples of a pixel, by colour type. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The passes that have pixels, each with its size. */
function passesOf({ width, height, interlaced }: PngHeader) {
  return (interlaced ? adam7 : whole)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.x) / pass.dx),
      rows: Math.ceil((height - pass.y) / pass.dy),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

function bitsPerPixel({ depth, colourType }: PngHeader): number {
  return depth * channelsOf[colourType]!;
}

/** How many bytes the inflated data must have: each row of each pass is a filter byte and its pixels. */
export function pngDataSize(header: PngHeader): number {
  const bits = bitsPerPixel(header);
  return passesOf(header).reduce((sum, { columns, rows }) => sum + rows * (1 + Math.ceil((columns * bits) / 8)), 0);
}

/**
 * RGB of the inflated `data` (which is unfiltered in place), `pngDataSize(header)` bytes of it.
 * @param palette three bytes a colour, for colour type 3; an index beyond it is black, as for Pillow
 */
export function pngPixels(header: PngHeader, data: Uint8Array, palette: Uint8Array | undefined): Uint8Array {
  const rgb = new Uint8Array(header.width * header.height * 3);
  const bits = bitsPerPixel(header);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows } of passesOf(header)) {
    const rowBytes = Math.ceil((columns * bits) / 8);
    let above = new Uint8Array(rowBytes);
    for (let row = 0; row < rows; row++) {
      const line = data.subarray(at + 1, at + 1 + rowBytes);
      unfilter(data[at]!, line, above, Math.max(1, bits >> 3));
      above = line as Uint8Array<ArrayBuffer>;
      writeRow(header, line, palette, rgb, ((y + row * dy) * header.width + x) * 3, dx * 3, columns);
      at += 1 + rowBytes;
    }
  }
  return rgb;
}

/** Undoes a row's filter in place; `distance` is how far back the pixel to the left is. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, distance: number): void {
  const length = line.length;
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = distance; i < length; i++) line[i] = line[i]! + line[i - distance]!;
      return;
    case 2:
      for (let i = 0; i < length; i++) line[i] = line[i]! + above[i]!;
      return;
    case 3:
      for (let i = 0; i < length; i++) {
        const left = i < distance ? 0 : line[i - distance]!;
        line[i] = line[i]! + ((left + above[i]!) >> 1);
      }
      return;
    case 4:
      for (let i = 0; i < length; i++) {
        const left = i < distance ? 0 : line[i - distance]!;
        const corner = i < distance ? 0 : above[i - distance]!;
        line[i] = line[i]! + paeth(left, above[i]!, corner);
      }
      return;
    default:
      throw new ImageError("corrupt", `damaged PNG: there is no scanline filter ${filter}`);
  }
}

/** Of left, above and above left the one nearest to left + above - corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Spreads one row's samples to `count` RGB pixels, from `to` on and `step` bytes apart. */
function writeRow(
  { depth, colourType }: PngHeader,
  line: Uint8Array,
  palette: Uint8Array | undefined,
  rgb: Uint8Array,
  to: number,
  step: number,
  count: number,
): void {
  if (colourType === 2 || colourType === 6) {
    const sample = depth >> 3;
    const pixel = sample * channelsOf[colourType]!;
    for (let i = 0, from = 0; i < count; i++, from += pixel, to += step) {
      rgb[to] = line[from]!;
      rgb[to + 1] = line[from + sample]!;
      rgb[to + 2] = line[from + 2 * sample]!;
    }
    return;
  }
  const mask = (1 << Math.min(depth, 8)) - 1;
  const scale = 255 / mask;
  const stride = depth * channelsOf[colourType]!;
  for (let i = 0; i < count; i++, to += step) {
    const bit = i * stride;
    // A sample of 8 or 16 bits begins its byte; smaller ones are packed from the high bits down.
    const value = depth >= 8 ? line[bit >> 3]! : (line[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
    if (colourType === 3) {
      rgb[to] = palette![value * 3] ?? 0;
      rgb[to + 1] = palette![value * 3 + 1] ?? 0;
      rgb[to + 2] = palette![value * 3 + 2] ?? 0;
    } else {
      rgb[to] = rgb[to + 1] = rgb[to + 2] = value * scale;
    }
  }
}
