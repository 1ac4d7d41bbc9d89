/**
 * How an image is made ready for a network. It belongs to the weights: the table of pretrained files names one of these presets,
 * and a safetensors file carries its own in its metadata.
 */
import { OptionError, WeightError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import type { Interpolation } from "./resize.ts";

/** Resize, centre crop, and the numbers that pixels become: (v / 255 − mean) / std. */
export interface Preset {
  readonly name: string;
  /** The shorter side becomes that long and the other in proportion, or both sides become [width, height]. */
  readonly resize: { readonly shorter: number } | { readonly squash: readonly [number, number] };
  /** Side of the square that is cut from the middle: the network's input is 3 × crop × crop. */
  readonly crop: number;
  readonly interpolation: Interpolation;
  /** Mean and deviation of red, green and blue, where 0 is black and 1 full. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** ImageNet's, as torchvision's presets have them. */
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** `torchvision-v1` and `-v2` as IMAGENET1K_V1 and _V2 want it; `scale224` and `squash224` as older extraction scripts had it. */
export const presets = {
  "torchvision-v1": {
    name: "torchvision-v1",
    resize: { shorter: 256 },
    crop: 224,
    interpolation: "bilinear",
    ...imagenet,
  },
  "torchvision-v2": {
    name: "torchvision-v2",
    resize: { shorter: 232 },
    crop: 224,
    interpolation: "bilinear",
    ...imagenet,
  },
  scale224: { name: "scale224", resize: { shorter: 224 }, crop: 224, interpolation: "bilinear", ...imagenet },
  squash224: { name: "squash224", resize: { squash: [224, 224] }, crop: 224, interpolation: "bilinear", ...imagenet },
} as const satisfies Readonly<Record<string, Preset>>;

/** A preset by its name in `presets`. */
export type PresetName = keyof typeof presets;

/** @throws OptionError that lists the presets there are */
export function presetNamed(name: string): Preset {
  if (Object.hasOwn(presets, name)) return presets[name as PresetName];
  throw new OptionError(`preset ${name}: there is no such preset; use ${Object.keys(presets).join(", ")}`);
}

/** Throws OptionError, with the ways to one, unless `preset` is a whole preset whose sides an input can have. */
export function checkPreset(preset: unknown): asserts preset is Preset {
  if (typeof preset === "object" && preset !== null && isPreset(preset)) return;
  const known = typeof preset === "string" && Object.hasOwn(presets, preset);
  throw new OptionError(
    `preset: ${describeValue(preset)} is no preset; give ${known ? `presets[${JSON.stringify(preset)}]` : "one of presets"}, ` +
      "or { name, resize, crop, interpolation, mean, std } in the same form",
  );
}

function isPreset(preset: object): preset is Preset {
  const { resize, crop, interpolation, mean, std } = preset as Partial<Record<keyof Preset, unknown>>;
  const isTriple = (value: unknown, least: number) =>
    Array.isArray(value) && value.length === 3 && value.every((one) => Number.isFinite(one) && one > least);
  const sides =
    typeof resize !== "object" || resize === null
      ? []
      : "shorter" in resize
        ? [resize.shorter]
        : "squash" in resize && Array.isArray(resize.squash) && resize.squash.length === 2
          ? resize.squash
          : [];
  return (
    sides.length > 0 &&
    [...sides, crop].every(isSide) &&
    interpolations.some((known) => known === interpolation) &&
    isTriple(mean, Number.NEGATIVE_INFINITY) &&
    isTriple(std, 0)
  );
}

function isSide(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= maxSide;
}

const keys = ["resize", "crop", "mean", "std"] as const;

/**
 * The preset in a safetensors file's metadata: `resize` ("256", or "224x224" for both sides), `crop` ("224"), `mean` and `std`
 * ("0.485,0.456,0.406"), and perhaps `interpolation` ("bilinear" unless told). Undefined where none of the four is there.
 * @param source the file's name, for messages and as the preset's name unless it equals a named one
 * @throws WeightError weights-format where a part is missing or cannot be
 */
export function presetFromMetadata(metadata: ReadonlyMap<string, string>, source: string): Preset | undefined {
  const missing = keys.filter((key) => !metadata.has(key));
  if (missing.length === keys.length) return undefined;
  if (missing.length > 0) {
    throw new WeightError("weights-format", `${source}: its preprocessing lacks ${missing.join(", ")} (metadata)`);
  }
  const read = <T>(key: string, expected: string, parse: (text: string) => T | undefined): T => {
    const text = metadata.get(key) ?? "";
    const value = parse(text.trim());
    if (value !== undefined) return value;
    throw new WeightError(
      "weights-format",
      `${source}: metadata ${key} is ${JSON.stringify(text)}, expected ${expected}`,
    );
  };
  const preset = {
    name: source,
    resize: read("resize", "a number of pixels or two, 256 or 224x224", parseResize),
    crop: read("crop", "a number of pixels, 224", parsePixels),
    interpolation: metadata.has("interpolation")
      ? read("interpolation", "bilinear or bicubic", (text) => interpolations.find((known) => known === text))
      : "bilinear",
    mean: read("mean", "three numbers, 0.485,0.456,0.406", parseTriple),
    std: read("std", "three numbers above zero, 0.229,0.224,0.225", (text) => {
      const triple = parseTriple(text);
      return triple?.every((deviation) => deviation > 0) ? triple : undefined;
    }),
  } satisfies Preset;
  const same = Object.values(presets).find((known) => sameSteps(known, preset));
  return same ?? preset;
}

/** The same, written: what `presetFromMetadata` reads. */
export function presetMetadata({ resize, crop, interpolation, mean, std }: Preset): Map<string, string> {
  const side = "shorter" in resize ? String(resize.shorter) : resize.squash.join("x");
  return new Map([
    ["resize", side],
    ["crop", String(crop)],
    ["interpolation", interpolation],
    ["mean", mean.join(",")],
    ["std", std.join(",")],
  ]);
}

const interpolations: readonly Interpolation[] = ["bilinear", "bicubic"];

/** More than this is no input of a network, but a memory hog. */
const maxSide = 8192;

function parsePixels(text: string): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return isSide(value) ? value : undefined;
}

function parseResize(text: string): Preset["resize"] | undefined {
  const sides = text.split("x").map(parsePixels);
  const [width, height] = sides;
  if (sides.length === 1 && width !== undefined) return { shorter: width };
  return sides.length === 2 && width !== undefined && height !== undefined ? { squash: [width, height] } : undefined;
}

function parseTriple(text: string): [number, number, number] | undefined {
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [a, b, c] = parts;
  return parts.length === 3 && parts.every(Number.isFinite) ? [a!, b!, c!] : undefined;
}

function sameSteps(a: Preset, b: Preset): boolean {
  const steps = ({ resize, crop, interpolation, mean, std }: Preset) =>
    JSON.stringify([resize, crop, interpolation, mean, std]);
  return steps(a) === steps(b);
}
