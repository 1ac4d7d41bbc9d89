/**
 * JPEG: mozjpeg in WebAssembly decodes, pixel for pixel like Pillow's libjpeg-turbo. What it does not do as Pillow does is done
 * around it: it takes a truncated file for a good one (the markers tell), refuses four components (CMYK, YCCK) and rounds otherwise
 * where rows are doubled and columns are not (4:4:0): of those it decodes the stored components, and jpeg-colour.ts does the rest.
 */
import { ImageError } from "../errors.ts";
import type { DecodedFile } from "./decoded-file.ts";
import { convertYcc, rgbFromInks } from "./jpeg-colour.ts";
import { largestFactors } from "./jpeg-components.ts";
import { type JpegFrame, type JpegLayout, readJpegLayout } from "./jpeg-markers.ts";
import { decodeStored, needsSmoothing } from "./jpeg-stored.ts";
import { runMozjpeg } from "./mozjpeg.ts";
import { checkDimensions, ignoreAlpha, type RgbaImage, type RgbImage } from "./rgb-image.ts";

/** A real progressive file has about ten scans; each more costs a pass over all coefficients and hardly any bytes. */
const maxScans = 500;

/** Decodes a file that begins with ff d8 ff. @throws ImageError, without the file's name */
export async function decodeJpeg(bytes: Uint8Array): Promise<DecodedFile> {
  const layout = readJpegLayout(bytes);
  const frame = checkLayout(layout, bytes.length);
  const { components } = frame;
  let image: RgbImage;
  if (components.length === 4) image = await decodeFour(bytes, layout, frame);
  else if (components.some((component) => needsSmoothing(component, components))) {
    const [pixels] = await decodeStored(bytes, layout, [[0, 1, 2]]);
    if (!storesRgb(layout, frame)) convertYcc(pixels!.data);
    image = ignoreAlpha(pixels!);
  } else image = ignoreAlpha(await runMozjpeg(bytes, frame));
  return { image, exif: layout.exif, xmp: layout.xmp };
}

/**
 * Everything that the markers can tell before a pixel is allocated. A file without its end marker is truncated, however little is
 * missing. (Pillow decodes such a file if the last bits happen to be in its buffer already, which is not to be relied on.)
 */
function checkLayout(layout: JpegLayout, size: number): JpegFrame {
  const { frame, scans, complete } = layout;
  const cut = `truncated JPEG: its ${size} bytes have no end-of-image marker`;
  if (!frame) throw complete ? new ImageError("corrupt", "damaged JPEG: it has no frame header") : truncated(cut);
  const { process, precision, components } = frame;
  checkDimensions(frame.width, frame.height);
  const kind =
    process > 2
      ? (processNames[process] ?? `JPEG process ${process}`)
      : precision !== 8
        ? `${precision}-bit JPEG`
        : ![1, 3, 4].includes(components.length)
          ? `JPEG with ${components.length} components`
          : undefined;
  if (kind) {
    throw new ImageError(
      "unsupported",
      `${kind}: 8-bit baseline and progressive JPEG of 1, 3 or 4 components are read`,
    );
  }
  if (components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw new ImageError("corrupt", "damaged JPEG: sampling factors must be 1 to 4");
  }
  if (!complete) throw truncated(cut);
  if (scans === 0) throw new ImageError("corrupt", "damaged JPEG: it has no scan");
  if (scans > maxScans) throw new ImageError("unsupported", `a JPEG of ${scans} scans: at most ${maxScans} are read`);
  const blocks = blockCount(frame);
  // Every block has at least one bit. Pillow fills what is missing with grey; so few bytes are no picture at all, and a bomb.
  if (layout.dataBytes * 8 < blocks) {
    throw truncated(`truncated JPEG: ${layout.dataBytes} bytes of data for ${frame.width}×${frame.height} pixels`);
  }
  return frame;
}

const processNames: Readonly<Record<number, string>> = {
  3: "lossless JPEG",
  5: "hierarchical JPEG",
  6: "hierarchical JPEG",
  7: "hierarchical JPEG",
  9: "arithmetic-coded JPEG",
  10: "arithmetic-coded JPEG",
  11: "lossless JPEG",
  13: "hierarchical JPEG",
  14: "hierarchical JPEG",
  15: "hierarchical JPEG",
};

function blockCount({ width, height, components }: JpegFrame): number {
  const most = largestFactors(components);
  return components.reduce(
    (sum, { h, v }) => sum + Math.ceil((width * h) / (8 * most.h)) * Math.ceil((height * v) / (8 * most.v)),
    0,
  );
}

function truncated(message: string): ImageError {
  return new ImageError("truncated", message);
}

/** CMYK and YCCK: three components at a time, in two files that share two of them. */
async function decodeFour(bytes: Uint8Array, layout: JpegLayout, frame: JpegFrame): Promise<RgbImage> {
  const most = largestFactors(frame.components);
  const rests = [0, 1, 2, 3].map((dropped) => [0, 1, 2, 3].filter((index) => index !== dropped));
  const usable = rests.filter((rest) => {
    const left = largestFactors(rest.map((index) => frame.components[index]!));
    return left.h === most.h && left.v === most.v;
  }) as [number, number, number][];
  const colours = usable.find((rest) => !rest.includes(3));
  const withBlack = usable.find((rest) => rest.includes(3));
  if (!colours || !withBlack) {
    throw new ImageError("unsupported", "a CMYK JPEG one of whose components has more samples than all others");
  }
  const [inks, other] = (await decodeStored(bytes, layout, [colours, withBlack])) as [RgbaImage, RgbaImage];
  const light = new Uint8Array(frame.width * frame.height);
  for (let i = 0; i < light.length; i++) light[i] = other.data[i * 4 + 2]!;
  // Adobe's convention, which Pillow assumes for all: stored values are light, not ink. YCCK stores Y, Cb, Cr of the ink.
  if (layout.adobeTransform) convertYcc(inks.data);
  else for (let i = 0; i < inks.data.length; i++) inks.data[i] = 255 - inks.data[i]!;
  return { width: frame.width, height: frame.height, data: rgbFromInks(inks.data, light) };
}

/** libjpeg's choice for three components: JFIF means YCbCr, else Adobe's word counts, else the identifiers "R", "G", "B". */
function storesRgb({ jfif, adobeTransform }: JpegLayout, { components }: JpegFrame): boolean {
  if (jfif) return false;
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return components.map((component) => String.fromCharCode(component.id)).join("") === "RGB";
}
