/**
 * The formats that are fuzzed: good files to damage, where in them the damage tells most, and files that are hostile from the start.
 * A format more is a line here.
 */
import { readdir, readFile } from "node:fs/promises";
import { bytesSource, checkBeside, FileError } from "../../src/platform/byte-source.ts";
import type { ByteSource } from "../../src/platform/sources.ts";
import { hostileLegacy, hostileTar, hostileZip } from "./hostile.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";

type Range = readonly [from: number, to: number];

interface FuzzFormat {
  /** Good files: below test/golden, by folder and name. */
  readonly folder: string;
  readonly accepts: (name: string, bytes: Uint8Array) => boolean;
  /** Where the file says how it is to be read. */
  readonly hot: (bytes: Uint8Array) => readonly Range[];
  /** The folder below test/golden whose files lie beside the case. */
  readonly beside?: string;
  /** Written to do harm; a quarter of the cases. */
  readonly hostile?: (random: Random) => Uint8Array;
}

const pth = (name: string) => name.endsWith(".pth");
const starts = (bytes: Uint8Array, start: string) =>
  Buffer.from(bytes.subarray(0, start.length)).toString("latin1") === start;
const ends = (bytes: Uint8Array, share: number): Range => [Math.floor(bytes.length * (1 - share)), bytes.length];

export const fuzzFormats: Readonly<Record<string, FuzzFormat>> = {
  safetensors: {
    folder: "safetensors",
    accepts: (name) => name.endsWith(".safetensors"),
    hot: (bytes) => [[0, 8 + new DataView(bytes.buffer).getUint32(0, true)]],
  },
  "torch-zip": {
    folder: "torch",
    accepts: (name, bytes) => pth(name) && starts(bytes, "PK"),
    hot: (bytes) => [[0, 3000], ends(bytes, 0.2), ends(bytes, 0.02)],
    hostile: hostileZip,
  },
  "torch-legacy": {
    folder: "torch",
    accepts: (name, bytes) => pth(name) && starts(bytes, "\x80"),
    hot: (bytes) => [[0, bytes.length * 0.8]],
    hostile: hostileLegacy,
  },
  "torch-tar": {
    folder: "torch",
    accepts: (name) => name === "tar.pth",
    hot: () => [[0, 5000]],
    hostile: hostileTar,
  },
  onnx: {
    folder: "exports",
    accepts: (name) => name.startsWith("small."),
    hot: () => [],
  },
  index: {
    folder: "exports",
    accepts: (name) => name === "small.index.json",
    hot: () => [],
    beside: "safetensors",
  },
};

export interface FuzzCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly beside?: ByteSource["beside"];
}

/** The cases of a format: `caseAt(index)` gives the same file for the same seed. */
export async function casesOf(format: string, seed: number): Promise<(index: number) => FuzzCase> {
  const { folder, accepts, hot, hostile, beside: lies } = fuzzFormats[format]!;
  const beside =
    lies === undefined
      ? undefined
      : (path: string) => openBeside(new URL(`../../test/golden/${lies}/`, import.meta.url), path);
  const url = new URL(`../../test/golden/${folder}/`, import.meta.url);
  const good: FuzzCase[] = [];
  for (const name of (await readdir(url)).sort()) {
    const bytes = new Uint8Array(await readFile(new URL(name, url)));
    if (accepts(name, bytes)) good.push({ name, bytes, beside });
  }
  if (good.length === 0) throw new Error(`there is no good file for ${format} in test/golden/${folder}`);
  return (index) => {
    const random = new Random(seed, index);
    if (index < good.length) return good[index]!; // as they are, first: what is refused of them is refused by design
    if (hostile && random.below(4) === 0) return { name: "hostile", bytes: hostile(random) };
    const { name, bytes } = random.pick(good);
    return { name, bytes: mutate(bytes, random.pick(good).bytes, hot(bytes), random), beside };
  };
}

/** A file of a folder, whole, by the rules of what may lie beside a file. */
async function openBeside(folder: URL, path: string): Promise<ByteSource> {
  checkBeside("case", path);
  try {
    return bytesSource(await readFile(new URL(encodeURIComponent(path), folder)), path);
  } catch (cause) {
    throw new FileError("not-found", `${path}: no such file`, { cause });
  }
}
