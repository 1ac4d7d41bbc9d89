/**
 * What is known of torchvision's pretrained files (download.pytorch.org/models/, BSD-3-Clause), as torchvision 0.29.1 publishes it: names, hashes,
 * sizes, accuracy on ImageNet, and the preset of preprocessing that belongs to them. How they are fetched is weights/download's.
 */
import { OptionError } from "../errors.ts";
import type { PresetName } from "../image/preset.ts";
import { type ModelName, modelNames } from "./architectures.ts";

export type WeightsEnum = "IMAGENET1K_V1" | "IMAGENET1K_V2";

export interface PretrainedFile {
  readonly weights: WeightsEnum;
  readonly file: string;
  /** Hexadecimal: whole, or the eight digits in the file's name where only those are published. */
  readonly sha256: string;
  /** The file's length, where it is known exactly. */
  readonly bytes?: number;
  /** The same in mebibytes, rounded to three decimals. */
  readonly mebibytes: number;
  /** Per cent of ImageNet's validation images, centre crop. */
  readonly top1: number;
  readonly top5: number;
  readonly preset: PresetName;
}

/** Of all files in the table, as of torchvision. */
export const pretrainedLicence = "BSD-3-Clause";

type Accuracy = readonly [top1: number, top5: number];
type Known = Partial<Pick<PretrainedFile, "sha256" | "bytes" | "preset">>;

function v1(file: string, mebibytes: number, [top1, top5]: Accuracy, known: Known = {}): PretrainedFile {
  return {
    ...{ weights: "IMAGENET1K_V1", file, sha256: hashInName(file), mebibytes, top1, top5 },
    ...{ preset: "torchvision-v1", ...known },
  };
}

function v2(file: string, mebibytes: number, accuracy: Accuracy, known: Known = {}): PretrainedFile {
  return { ...v1(file, mebibytes, accuracy, { preset: "torchvision-v2", ...known }), weights: "IMAGENET1K_V2" };
}

/** `0676ba61` of `resnet50-0676ba61.pth`: a file's name ends with the beginning of its SHA-256. */
function hashInName(file: string): string {
  return file.slice(file.lastIndexOf("-") + 1, file.lastIndexOf("."));
}

/** By network; the first is taken where none is named. */
export const pretrained: Readonly<Record<ModelName, readonly PretrainedFile[]>> = {
  resnet18: [
    v1("resnet18-f37072fd.pth", 44.661, [69.758, 89.078], {
      sha256: "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
      bytes: 46_830_571,
    }),
  ],
  resnet34: [
    v1("resnet34-b627a593.pth", 83.275, [73.314, 91.42], {
      sha256: "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
    }),
  ],
  resnet50: [
    v1("resnet50-0676ba61.pth", 97.781, [76.13, 92.862], {
      sha256: "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
      bytes: 102_530_333,
    }),
    v2("resnet50-11ad3fa6.pth", 97.79, [80.858, 95.434], {
      sha256: "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
    }),
  ],
  resnet101: [
    v1("resnet101-63fe2227.pth", 170.511, [77.374, 93.546], {
      sha256: "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a",
    }),
    v2("resnet101-cd907fc2.pth", 170.53, [81.886, 95.78]),
  ],
  resnet152: [
    v1("resnet152-394f9c45.pth", 230.434, [78.312, 94.046], {
      sha256: "394f9c45966e3651a89bbb78a48410a6755854ce4a5ab64927cf1c7247f85e58",
    }),
    v2("resnet152-f82ba261.pth", 230.474, [82.284, 96.002]),
  ],
  resnext50_32x4d: [
    v1("resnext50_32x4d-7cdf4587.pth", 95.789, [77.618, 93.698]),
    v2("resnext50_32x4d-1a0047aa.pth", 95.833, [81.198, 95.34]),
  ],
  resnext101_32x8d: [
    v1("resnext101_32x8d-8ba56ff5.pth", 339.586, [79.312, 94.526]),
    v2("resnext101_32x8d-110c445d.pth", 339.673, [82.834, 96.228]),
  ],
  resnext101_64x4d: [v1("resnext101_64x4d-173b62eb.pth", 319.318, [83.246, 96.454], { preset: "torchvision-v2" })],
  wide_resnet50_2: [
    v1("wide_resnet50_2-95faca4d.pth", 131.82, [78.468, 94.086]),
    v2("wide_resnet50_2-9ba9bcbe.pth", 263.124, [81.602, 95.758]),
  ],
  wide_resnet101_2: [
    v1("wide_resnet101_2-32ee1156.pth", 242.896, [78.848, 94.284]),
    v2("wide_resnet101_2-d733dc28.pth", 484.747, [82.51, 96.02]),
  ],
  tiny: [],
};

/** Of a network with ImageNet's 1000 classes: trained numbers, and 10⁹ multiply-adds for one image of 224 × 224. */
export const networkFacts: Readonly<Record<Exclude<ModelName, "tiny">, { parameters: number; gmacs: number }>> = {
  resnet18: { parameters: 11_689_512, gmacs: 1.814 },
  resnet34: { parameters: 21_797_672, gmacs: 3.664 },
  resnet50: { parameters: 25_557_032, gmacs: 4.089 },
  resnet101: { parameters: 44_549_160, gmacs: 7.801 },
  resnet152: { parameters: 60_192_808, gmacs: 11.514 },
  resnext50_32x4d: { parameters: 25_028_904, gmacs: 4.23 },
  resnext101_32x8d: { parameters: 88_791_336, gmacs: 16.414 },
  resnext101_64x4d: { parameters: 83_455_272, gmacs: 15.46 },
  wide_resnet50_2: { parameters: 68_883_240, gmacs: 11.398 },
  wide_resnet101_2: { parameters: 126_886_696, gmacs: 22.753 },
};

/** `ResNeXt50_32X4D_Weights` of `resnext50_32x4d`: torchvision's name of the enumeration. */
export function enumOf(name: ModelName): string {
  const [family, ...rest] = name.split("_");
  const spelt = family!.replace("resnext", "ResNeXt").replace("resnet", "ResNet").replace("wide", "Wide");
  const ofWide =
    family === "wide" ? rest.map((part) => part.replace("resnet", "ResNet")) : rest.map((part) => part.toUpperCase());
  return [spelt, ...ofWide, "Weights"].join("_");
}

/** Whether a text is meant as one of torchvision's enums, such as there are or not: `IMAGENET1K_V2`, `ResNet50_Weights.DEFAULT`. */
export function isWeightsEnum(text: string): boolean {
  return /^(\w+_Weights\.)?(IMAGENET1K_\w+|DEFAULT)$/i.test(text);
}

/**
 * The file that an enum means for a network: its own, or `DEFAULT`, which is torchvision's: the latest. Throws OptionError, with what there is,
 * for any other, and for another network's.
 */
export function pretrainedByEnum(name: ModelName, text: string): PretrainedFile {
  const files = pretrained[name];
  const own = enumOf(name);
  const [, owner = own, member = ""] = /^(?:(\w+)\.)?(\w+)$/.exec(text) ?? [];
  const names = files.map(({ weights }) => weights).join(", ");
  if (files.length === 0) throw new OptionError(`${name}: there are no weights ${text}; leave it out`);
  if (owner !== own) {
    const other = modelNames.find((candidate) => enumOf(candidate) === owner && pretrained[candidate].length > 0);
    const remedy = other
      ? `these are ${other}'s: --model ${other} (openModel({ model: "${other}" }))`
      : `its enum is ${own}`;
    throw new OptionError(`${name}: ${text} is not of this network; ${remedy}; there are ${names}`);
  }
  const found = member === "DEFAULT" ? files.at(-1) : files.find(({ weights }) => weights === member);
  if (found) return found;
  throw new OptionError(`${name}: there are no weights ${text}; there are ${names}`);
}

/** The entry of a file by its name, without folders. */
export function pretrainedByFile(
  file: string,
): { readonly name: ModelName; readonly entry: PretrainedFile } | undefined {
  for (const name of modelNames) {
    const entry = pretrained[name].find((candidate) => candidate.file === file);
    if (entry) return { name, entry };
  }
  return undefined;
}
