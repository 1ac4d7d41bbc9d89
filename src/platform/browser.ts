/**
 * The platform of browsers, and of workers in them: bytes, Blobs and what `fetch` gives; there are no paths. `#platform` in
 * package.json's imports picks this file where the condition `browser` holds. Uses nothing that Node lacks, so tests run there too.
 */
import { UnsupportedError } from "../errors.ts";
import { browserFileStore } from "./browser-file-store.ts";
import { bytesSource, FileError, messageOf, openInMemory } from "./byte-source.ts";
import { type FetchBounds, fetchBounded } from "./fetch-bytes.ts";
import type { FileStore, Sha256 } from "./file-store.ts";
import { isHttp, type RequestHead } from "./http.ts";
import { openHttp, readHttp } from "./http-source.ts";
import type { AppendFile, FileFacts, FolderEntry, GpuEntry, GpuOptions, Output, PathKind } from "./platform.ts";
import type { ByteSource, Source } from "./sources.ts";

export { compileWasm, peakMemory, processors, startWorker, whyNot256, workerPort } from "./browser-worker.ts";

export async function openBytes(source: Source, signal?: AbortSignal): Promise<ByteSource> {
  signal?.throwIfAborted();
  const inMemory = openInMemory(source);
  if (inMemory) return inMemory;
  const url = source as string | URL;
  if (typeof url === "string") throw noFiles(url);
  if (isHttp(url)) return openHttp(url, { request, signal });
  return bytesSource(await fetchWhole(url.href), url.href); // blob:, data:
}

export async function readBytes(source: Source): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof URL) return isHttp(source) ? readHttp(source, { request }) : fetchWhole(source.href);
  const opened = await openBytes(source);
  return opened.read(0, opened.size);
}

export async function pathKind(path: string): Promise<PathKind | undefined> {
  throw noFiles(path);
}

export async function listFolder(path: string): Promise<FolderEntry[]> {
  throw noFiles(path);
}

export async function openOutput(path: string): Promise<Output> {
  throw noFiles(path);
}

export async function fileFacts(path: string): Promise<FileFacts | undefined> {
  throw noFiles(path);
}

export async function openAppend(path: string, _keep: number): Promise<AppendFile> {
  throw noFiles(path);
}

export async function removeFile(path: string): Promise<void> {
  throw noFiles(path);
}

export async function makeFolder(path: string): Promise<void> {
  throw noFiles(path);
}

let packageUrl = async (specifier: string): Promise<string> => packageFileUrl(specifier);

export async function readPackageFile(specifier: string): Promise<Uint8Array<ArrayBuffer>> {
  return fetchWhole(await packageUrl(specifier));
}

export function askForPackages(ask: (specifier: string) => Promise<string>): void {
  packageUrl = ask;
}

export function packageFileUrl(specifier: string): string {
  try {
    return import.meta.resolve(specifier);
  } catch (cause) {
    throw new FileError("not-found", `${specifier}: the page's import map does not say where its package is`, {
      cause,
    });
  }
}

export async function packageAsset(name: string): Promise<ByteSource> {
  // assets/ lies beside both src/ and dist/, and this file two levels below the package in either.
  const url = new URL(`../../assets/${name}`, import.meta.url).href;
  return bytesSource(await fetchWhole(url), url);
}

export async function gpu(_options: GpuOptions = {}): Promise<GpuEntry> {
  const own = globalThis.navigator?.gpu;
  if (own) return { gpu: own };
  const reason = globalThis.isSecureContext
    ? "this browser has no WebGPU, or it is switched off"
    : "browsers have WebGPU only on pages from https: or localhost";
  return { reason };
}

/** The browser has its own proxies, and says by itself that it wants a range as it is. */
export function request(url: URL, { headers, signal, cache }: RequestHead): Promise<Response> {
  // Another site must allow If-Range, and few do; who resumes compares what the answer is of as well.
  const { "if-range": ifRange, ...simple } = headers;
  const own = globalThis.location?.origin === url.origin;
  return fetch(url, { headers: own ? headers : simple, signal, cache });
}

export function fetchBytes(url: string, bounds: FetchBounds): Promise<Uint8Array<ArrayBuffer>> {
  return fetchBounded(request, url, bounds);
}

export function environment(_name: string): string | undefined {
  return undefined;
}

export function weightStore(): FileStore {
  return browserFileStore;
}

/** In small JavaScript: the browser's own SHA-256 wants all bytes at once. */
export async function sha256(): Promise<Sha256> {
  const [{ sha256 }, { bytesToHex }] = await Promise.all([
    import("@noble/hashes/sha2.js"),
    import("@noble/hashes/utils.js"),
  ]);
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) };
}

async function fetchWhole(url: string): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new FileError("not-readable", `${url}: could not be fetched (${messageOf(cause)})`, { cause });
  }
  const code = response.status === 404 || response.status === 410 ? "not-found" : "not-readable";
  throw new FileError(code, `${url}: the server answered ${response.status} ${response.statusText}`.trimEnd());
}

function noFiles(path: string): UnsupportedError {
  return new UnsupportedError(`${path}: a browser has no file paths; give a URL object, a Blob (or File) or bytes`);
}
