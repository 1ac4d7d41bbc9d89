/**
 * Pretrained weights by name: from the cache where they are, fetched into it where they are not. Every failure says what a person can do: the
 * address, the file and its place, another file, the network that needs none.
 */
import { environment, weightStore } from "#platform";
import { OptionError, WeightError } from "../../errors.ts";
import { FileError } from "../../platform/byte-source.ts";
import type { FileStore } from "../../platform/file-store.ts";
import { checkHttpUrl, HttpFailure, type HttpTiming, shownUrl } from "../../platform/http.ts";
import type { ByteSource } from "../../platform/sources.ts";
import { describeValue } from "../../tensor/check-options.ts";
import { downloadFile } from "./download-file.ts";
import type { FetchOptions } from "./fetch-options.ts";
import { hasLengthOf, lengthInWords, type RemoteFile } from "./remote-file.ts";

const pytorch = "https://download.pytorch.org/models/";

/** Where a pretrained file is fetched from. Throws OptionError for a mirror that is no address. */
export function addressOf(
  file: string,
  { mirror = environment("RESIDUAL_MIRROR") ?? pytorch }: FetchOptions = {},
): URL {
  const what = mirror === environment("RESIDUAL_MIRROR") ? "RESIDUAL_MIRROR" : "mirror";
  if (!(mirror instanceof URL) && !(typeof mirror === "string" && URL.canParse(mirror)))
    throw new OptionError(
      `${what}: ${describeValue(mirror)} is no address; expected one such as https://example.org/models/`,
    );
  const base = new URL(mirror);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  base.pathname += encodeURIComponent(file);
  return checkHttpUrl(what, base);
}

/** Whether nothing may be fetched. Throws OptionError where RESIDUAL_OFFLINE is neither yes nor no. */
export function isOffline({ offline }: FetchOptions): boolean {
  if (offline !== undefined) return offline;
  const text = environment("RESIDUAL_OFFLINE")?.toLowerCase() ?? "0";
  if (["1", "true", "yes", "on"].includes(text)) return true;
  if (["0", "false", "no", "off"].includes(text)) return false;
  throw new OptionError(`RESIDUAL_OFFLINE: ${describeValue(text)} is neither 1 nor 0`);
}

/** What is fetched, with the words that name it: `resnet50 IMAGENET1K_V1`. */
export interface NamedFile extends RemoteFile {
  readonly title: string;
}

export interface CacheOptions extends FetchOptions {
  readonly onNotice: (notice: string) => void;
  readonly store?: FileStore;
  readonly timing?: HttpTiming;
}

/**
 * The file, open, from the cache; fetched before where it is not there. Throws WeightError (weights-missing) where it cannot be had, and
 * the signal's reason.
 */
export async function openCached(named: NamedFile, options: CacheOptions): Promise<ByteSource> {
  const store = options.store ?? weightStore();
  await fetchToCache(named, { ...options, store });
  const source = await openStored(named, store);
  if (hasLengthOf(named, source.size)) return source;
  await source.close();
  throw new WeightError(
    "weights-format",
    `${source.name}: has ${source.size} bytes, and ${named.title} has ${lengthInWords(named)}: it is cut short or another file; ` +
      `remove it (residual weights rm ${named.file}), and it is downloaded anew`,
  );
}

/** Sees to it that the file is in the cache; gives whether it had to be fetched. Throws as openCached. */
export async function fetchToCache(named: NamedFile, options: CacheOptions): Promise<boolean> {
  const store = options.store ?? weightStore();
  const url = addressOf(named.file, options); // a wrong mirror is an error even where nothing is fetched
  const offline = isOffline(options);
  return orWeightError(named, options, store, async () => {
    if ((await store.sizeOf(named.file)) !== undefined) return false;
    if (offline) throw new HttpFailure("downloads are switched off (--offline, RESIDUAL_OFFLINE)", "never");
    const { signal, onProgress, onNotice, timing } = options;
    await downloadFile(named, { url, store, signal, onProgress, onNotice, timing });
    return true;
  });
}

async function openStored({ title, file }: NamedFile, store: FileStore): Promise<ByteSource> {
  try {
    return await store.open(file);
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    throw new WeightError(
      "weights-missing",
      `${title} is in the cache and cannot be opened (${cause.message}): ${store.remedy("place", file, "")}`,
      { cause },
    );
  }
}

async function orWeightError<T>(
  named: NamedFile,
  options: CacheOptions,
  store: FileStore,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!(cause instanceof HttpFailure) && !(cause instanceof FileError)) throw cause;
    const { title, file } = named;
    const address = shownUrl(addressOf(file, options));
    throw new WeightError(
      "weights-missing",
      `${title} is not in the cache and could not be downloaded (${cause.message}): ` +
        `${store.remedy(cause instanceof FileError ? "place" : "network", file, address)}, ` +
        "name a file with --weights FILE (in a program weights: FILE), or use the built-in --model tiny",
      { cause },
    );
  }
}
