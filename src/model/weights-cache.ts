/** The pretrained files as a person keeps them: which there are, which are in the cache, fetched, hashed and removed by name. */
import { weightStore } from "#platform";
import { OptionError, WeightError } from "../errors.ts";
import { FileError } from "../platform/byte-source.ts";
import type { FileStore } from "../platform/file-store.ts";
import { nearestNames } from "../tensor/nearest-names.ts";
import { type CacheOptions, fetchToCache } from "../weights/download/cached-weights.ts";
import { hashOf } from "../weights/download/download-file.ts";
import { isModelName, type ModelName, modelNames } from "./architectures.ts";
import { namedFile } from "./open-state.ts";
import {
  enumOf,
  isWeightsEnum,
  type PretrainedFile,
  pretrained,
  pretrainedByEnum,
  pretrainedByFile,
} from "./pretrained.ts";

/** A pretrained file and its network. */
export interface ListedFile {
  readonly name: ModelName;
  readonly entry: PretrainedFile;
}

/** What is in the cache of one file. */
export interface CachedState {
  /** Where it is, or would be. */
  readonly path: string;
  /** Bytes of the whole file; undefined where it is not there. */
  readonly cached: number | undefined;
  /** Bytes of one that was begun. */
  readonly partial: number | undefined;
}

export function listedFiles(): ListedFile[] {
  return modelNames.flatMap((name) => pretrained[name].map((entry) => ({ name, entry })));
}

/**
 * The files that a text names: a network (`resnet50`, `50`; with the enum `weights`, else the one that is taken by default, or with `all` each
 * of its files), an enum (`ResNet50_Weights.IMAGENET1K_V2`), or a file. Throws OptionError with what there is.
 */
export function filesNamed(
  text: string,
  { weights, all = false }: { weights?: string; all?: boolean } = {},
): ListedFile[] {
  const byFile = pretrainedByFile(text);
  const dot = isWeightsEnum(text) ? text.split(".").slice(0, -1).join() : "";
  const byEnum = modelNames.find((name) => enumOf(name) === dot && pretrained[name].length > 0);
  if ((byFile || byEnum) && weights !== undefined)
    throw new OptionError(`${text}: names its weights already; leave --weights ${weights} out`);
  if (byFile) return [byFile];
  if (byEnum) return [{ name: byEnum, entry: pretrainedByEnum(byEnum, text) }];
  const name = /^\d+$/.test(text) ? `resnet${text}` : text;
  if (!isModelName(name)) throw new OptionError(`${text}: names no pretrained weights; ${adviceFor(text)}`);
  if (pretrained[name].length === 0)
    throw new OptionError(`${name}: needs no download; its weights lie in the package`);
  if (weights !== undefined && !isWeightsEnum(weights))
    throw new OptionError(
      `${name}: there are no weights ${weights}; there are ${pretrained[name].map((one) => one.weights).join(", ")}`,
    );
  if (weights !== undefined) return [{ name, entry: pretrainedByEnum(name, weights) }];
  return (all ? pretrained[name] : pretrained[name].slice(0, 1)).map((entry) => ({ name, entry }));
}

function adviceFor(text: string): string {
  const files = listedFiles();
  const names = [
    ...modelNames,
    ...files.map(({ entry }) => entry.file),
    ...files.map(({ name, entry }) => `${enumOf(name)}.${entry.weights}`),
  ];
  const near = nearestNames(text, names, 3);
  return near.length > 0 ? `near it are ${near.join(", ")}` : "residual weights list shows all";
}

export async function cachedStateOf({ entry }: ListedFile, store: FileStore = weightStore()): Promise<CachedState> {
  const { file } = entry;
  const [cached, partial] = [await store.sizeOf(file), await store.partialSizeOf(file)];
  return { path: store.pathOf(file), cached, partial };
}

/** Sees to it that a file is in the cache; false where it was there. Throws WeightError, the signal's reason. */
export function fetchListed({ name, entry }: ListedFile, options: CacheOptions): Promise<boolean> {
  return fetchToCache(namedFile(name, entry), options);
}

/** Hashes a cached file. Throws WeightError where it is not there or is not what it should be. Gives its SHA-256. */
export async function verifyListed(
  { name, entry }: ListedFile,
  { signal, store = weightStore() }: { readonly signal?: AbortSignal; readonly store?: FileStore } = {},
): Promise<string> {
  const { file, sha256, weights } = entry;
  const path = store.pathOf(file);
  try {
    if ((await store.sizeOf(file)) === undefined)
      throw new WeightError(
        "weights-missing",
        `${file}: is not in the cache (${store.place}); residual weights download ${file} fetches it`,
      );
    const source = await store.open(file);
    const got = await hashOf(source, signal).finally(() => source.close());
    if (got.startsWith(sha256)) return got;
    throw new WeightError(
      "weights-format",
      `${path}: is not ${name} ${weights}: its SHA-256 is ${got}, expected ${sha256}${sha256.length < 64 ? "…" : ""}; ` +
        `residual weights rm ${file} removes it`,
    );
  } catch (cause) {
    if (cause instanceof FileError) throw new WeightError("weights-missing", cause.message, { cause });
    throw cause;
  }
}

/** Removes a file, and what was begun of it; gives the bytes that were freed, or undefined where there was nothing. */
export function removeListed({ entry }: ListedFile, store: FileStore = weightStore()): Promise<number | undefined> {
  return store.remove(entry.file);
}

/** Where the cache is, for people. */
export function cachePlace(): string {
  return weightStore().place;
}
