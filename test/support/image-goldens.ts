/** The goldens of src/image, made by tools/golden/images.py: its index, its files, and pixels to say where a picture differs. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { packRgb, type RgbImage } from "../../src/image/rgb-image.ts";

/** Must equal RECIPE in tools/golden/images.py. */
const recipe = 1;

interface Picture {
  readonly size: readonly [width: number, height: number];
  /** SHA-256 of the RGB bytes. */
  readonly sha256: string;
}

/** SHA-256 of the 8-bit square after resize and crop, and of the float32 input (little-endian, three planes). */
interface Prepared {
  readonly crop: string;
  readonly input: string;
}

type PreparedPresets = Readonly<Record<"torchvision-v1" | "torchvision-v2" | "scale224" | "squash224", Prepared>>;

interface ImageGoldens {
  readonly recipe: number;
  readonly pillow: string;
  readonly decode: Readonly<Record<string, Picture>>;
  /** Files that Pillow decodes differently, on purpose: SHA-256 of what it gives. */
  readonly different: Readonly<Record<string, { readonly pillow: string }>>;
  readonly turned: Readonly<Record<string, Picture>>;
  /** How many bytes of a file Pillow must have at least to decode it. */
  readonly shortest: Readonly<Record<string, number>>;
  readonly resize: readonly {
    readonly size: readonly [number, number];
    readonly resize: number | readonly [number, number];
    readonly crop: number;
    readonly interpolation: "bilinear" | "bicubic";
    readonly sha256: string;
  }[];
  readonly prepare: Readonly<Record<string, Picture & PreparedPresets>>;
}

const root = new URL("../../", import.meta.url);

function readJson(path: string): ImageGoldens {
  const index: ImageGoldens = JSON.parse(readFileSync(new URL(path, root), "utf8"));
  if (index.recipe !== recipe) {
    throw new Error(
      `${path} is of recipe ${index.recipe}, the tests of ${recipe}: run tools/golden/images.py (see its README)`,
    );
  }
  return index;
}

export const goldens = readJson("test/golden/images/index.json");

/** The bytes of a fixture by its name in the index; names of `prepare` are paths from the root. */
export function readFixture(name: string): Uint8Array {
  const path = name in goldens.prepare ? name : `test/golden/images/${name}`;
  return new Uint8Array(readFileSync(fileURLToPath(new URL(path, root))));
}

export function sha256(data: Uint8Array | Float32Array): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}

/** Fails unless `image` is the picture; says which pixels differ, and how much, where the goldens have them. */
export function expectPicture(decoded: RgbImage, { size, sha256: expected }: Picture): void {
  const image = packRgb(decoded);
  if (image.width !== size[0] || image.height !== size[1]) {
    throw new Error(`${image.width}×${image.height} pixels, expected ${size[0]}×${size[1]}`);
  }
  if (sha256(image.data) === expected) return;
  const pixels = readPixels(expected.slice(0, 16));
  const differ = pixels ? describeDifference(image, pixels) : "the pixels differ (the goldens have their hash alone)";
  throw new Error(differ);
}

function describeDifference({ width, data }: RgbImage, expected: Uint8Array): string {
  let count = 0;
  let most = 0;
  const first: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(data[i]! - expected[i]!);
    if (difference === 0) continue;
    count++;
    most = Math.max(most, difference);
    const pixel = Math.floor(i / 3);
    const place = `(${pixel % width}, ${Math.floor(pixel / width)}) ${"RGB"[i % 3]}`;
    if (first.length < 5) first.push(`${place}: ${data[i]}, expected ${expected[i]}`);
  }
  return `${count} of ${expected.length} values differ, by up to ${most}: ${first.join("; ")}`;
}

/** A tensor of pixels.safetensors: a length, a header in JSON, then the bytes. */
function readPixels(key: string): Uint8Array | undefined {
  const file = readFixture("pixels.safetensors");
  const headerEnd = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(file.subarray(8, headerEnd)),
  );
  const offsets = header[key]?.data_offsets;
  return offsets && file.subarray(headerEnd + offsets[0], headerEnd + offsets[1]);
}
