/**
 * Which way up a picture is: the Orientation that a camera writes into a file's EXIF block (TIFF 6.0 and EXIF 2.32, tag 0x0112) or a
 * program into its XMP, and the turn that it asks for. As Pillow's `ImageOps.exif_transpose`.
 */
import type { RgbImage } from "./rgb-image.ts";

/**
 * The orientation, 1 (as stored) to 8; 1 where nothing valid says otherwise. XMP counts only where EXIF has no such tag.
 * Never throws: damaged metadata does not spoil a good picture.
 */
export function orientationOf({ exif, xmp }: { exif?: Uint8Array | undefined; xmp?: Uint8Array | undefined }): number {
  const value = (exif && exifOrientation(exif)) ?? (xmp && xmpOrientation(xmp)) ?? 1;
  return value >= 1 && value <= 8 ? value : 1;
}

/** Looks the tag up in the first directory of an EXIF block. */
function exifOrientation(block: Uint8Array): number | undefined {
  let at = 0;
  // "Exif\0\0", which PNG and WebP files have here or not.
  while (block[at] === 0x45 && block[at + 1] === 0x78 && block[at + 4] === 0 && block[at + 5] === 0) at += 6;
  const tiff = new DataView(block.buffer, block.byteOffset + at, block.byteLength - at);
  if (tiff.byteLength < 8) return undefined;
  const order = tiff.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return undefined;
  const entries = tiff.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    // Each entry: tag (2), type (2), count (4), value (4, left-justified).
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.byteLength) return undefined;
    if (tiff.getUint16(entry, little) !== 0x0112) continue;
    const type = tiff.getUint16(entry + 2, little);
    if (type === 3) return tiff.getUint16(entry + 8, little);
    if (type === 4) return tiff.getUint32(entry + 8, little);
    return type === 1 ? tiff.getUint8(entry + 8) : undefined;
  }
  return undefined;
}

function xmpOrientation(packet: Uint8Array): number | undefined {
  const found = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(packet));
  return found ? Number(found[1]) : undefined;
}

/** The picture turned and mirrored as `orientation` (1 to 8) asks; 5 to 8 swap width and height. */
export function orient(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  const { width, height, data, pixelBytes = 3 } = image;
  const right = width - 1;
  const bottom = height - 1;
  const swaps = orientation >= 5;
  const out = {
    width: swaps ? height : width,
    height: swaps ? width : height,
    data: new Uint8Array(width * height * 3),
  };
  // The source of the output's first pixel, and how the source moves with the output's x and y.
  const sources: Readonly<Record<number, readonly [x: number, y: number, perX: number, perY: number]>> = {
    2: [right, 0, -1, width],
    3: [right, bottom, -1, -width],
    4: [0, bottom, 1, -width],
    5: [0, 0, width, 1],
    6: [0, bottom, -width, 1],
    7: [right, bottom, -width, -1],
    8: [right, 0, width, -1],
  };
  const [x0, y0, perX, perY] = sources[orientation]!;
  for (let y = 0, to = 0; y < out.height; y++) {
    let from = (y0 * width + x0 + y * perY) * pixelBytes;
    for (let x = 0; x < out.width; x++, to += 3, from += perX * pixelBytes) {
      out.data[to] = data[from]!;
      out.data[to + 1] = data[from + 1]!;
      out.data[to + 2] = data[from + 2]!;
    }
  }
  return out;
}
