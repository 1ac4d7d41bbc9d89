/**
 * The platform of Node ≥ 22, Deno ≥ 2 and Bun, which all speak `node:`. `#platform` in package.json's imports picks this file
 * unless the condition `browser` holds. See platform.ts for what each function promises.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { UnsupportedError } from "../errors.ts";
import { allocate, checkBeside, checkRange, FileError, messageOf, openInMemory, shortRead } from "./byte-source.ts";
import type { FileStore, Sha256 } from "./file-store.ts";
import { isHttp } from "./http.ts";
import { openHttp, readHttp } from "./http-source.ts";
import { nodeFileStore, weightsFolder } from "./node-file-store.ts";
import { request } from "./node-http.ts";
import { isNode } from "./node-worker.ts";
import type { FolderEntry, PathKind } from "./platform.ts";
import type { ByteSource, Source } from "./sources.ts";

export { fileFacts, makeFolder, openAppend, removeFile } from "./node-files.ts";
export { gpu } from "./node-gpu.ts";
export { environment, fetchBytes, request } from "./node-http.ts";
export { openOutput } from "./node-output.ts";
export { compileWasm, peakMemory, processors, startWorker, whyNot256, workerPort } from "./node-worker.ts";

const [open, fstat, read, close] = [promisify(fs.open), promisify(fs.fstat), promisify(fs.read), promisify(fs.close)];

export async function openBytes(source: Source, signal?: AbortSignal): Promise<ByteSource> {
  signal?.throwIfAborted();
  if (source instanceof URL && isHttp(source)) return openHttp(source, { request, signal });
  return openInMemory(source) ?? openFile(pathOf(source as string | URL));
}

export async function readBytes(source: Source): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof URL && isHttp(source)) return readHttp(source, { request });
  return readAll(await openBytes(source));
}

export async function pathKind(path: string): Promise<PathKind | undefined> {
  try {
    return kindOf(await stat(path));
  } catch (error) {
    const failure = readFailure(path, error);
    if (failure.code === "not-found") return undefined;
    throw failure;
  }
}

export async function listFolder(path: string): Promise<FolderEntry[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    return await Promise.all(
      entries.map(async (entry) => {
        const link = entry.isSymbolicLink();
        const full = join(path, entry.name);
        // Some file systems say nothing in the listing, and links must be followed: both need a stat.
        const listed = kindOf(entry);
        const kind = listed !== "other" ? listed : await stat(full).then(kindOf, (): PathKind => "other");
        return { name: entry.name, path: full, kind, link };
      }),
    );
  } catch (error) {
    throw readFailure(path, error);
  }
}

export async function readPackageFile(specifier: string): Promise<Uint8Array<ArrayBuffer>> {
  return readAll(await openFile(fileURLToPath(packageFileUrl(specifier))));
}

export function packageFileUrl(specifier: string): string {
  try {
    return import.meta.resolve(specifier);
  } catch (cause) {
    throw new FileError("not-found", `${specifier}: its package is not installed; run npm install`, { cause });
  }
}

/** Workers resolve packages as the main thread does. */
export function askForPackages(_ask: (specifier: string) => Promise<string>): void {}

export async function packageAsset(name: string): Promise<ByteSource> {
  // assets/ lies beside both src/ and dist/, and this file two levels below the package in either.
  return openFile(fileURLToPath(new URL(`../../assets/${name}`, import.meta.url)));
}

export function weightStore(): FileStore {
  return nodeFileStore(weightsFolder(), openFile);
}

export async function sha256(): Promise<Sha256> {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

/** A string is a path as it stands. */
function pathOf(source: string | URL): string {
  if (typeof source === "string") {
    if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) return source;
    const advice = /^(file|https?):/i.test(source) ? "give it as a URL object" : "download it and give the file's path";
    throw new UnsupportedError(`${source}: a string is a path, and this is a URL; ${advice}`);
  }
  if (source.protocol !== "file:") {
    throw new UnsupportedError(
      `${source.href}: only file:, https: and http: URLs can be read here; download it and give the file's path`,
    );
  }
  try {
    return fileURLToPath(source);
  } catch (cause) {
    throw new FileError("not-found", `${source.href}: names no file of this machine (${messageOf(cause)})`, { cause });
  }
}

async function openFile(path: string): Promise<ByteSource> {
  try {
    // Before opening: to open a pipe would wait until somebody writes into it.
    const kind = kindOf(await stat(path));
    if (kind === "folder") throw new FileError("not-readable", `${path}: is a folder, not a file`);
    if (kind === "other")
      throw new FileError("not-readable", `${path}: is not a regular file, and only those are read`);
    // A number, not a FileHandle, which Node closes, with a warning, when nobody holds it any more: models may just be left.
    const file = await open(path, "r");
    const { size } = await fstat(file).catch(async (error) => {
      await close(file);
      throw error;
    });
    let isOpen = true;
    return {
      name: path,
      size,
      async read(offset, length) {
        checkRange(path, size, offset, length, isOpen);
        const bytes = allocate(path, length, isNode);
        let got = 0;
        while (got < length) {
          // Node refuses single reads of 2 GiB and more.
          const count = await read(file, bytes, got, Math.min(length - got, 2 ** 30), offset + got).then(
            (result) => result.bytesRead,
            (error) => Promise.reject(readFailure(path, error)),
          );
          if (count === 0) throw shortRead(path, offset, length, got);
          got += count;
        }
        return bytes;
      },
      beside: (other) => openBeside(path, other),
      async close() {
        if (isOpen) {
          isOpen = false;
          await close(file);
        }
      },
    };
  } catch (error) {
    throw readFailure(path, error);
  }
}

/** Links may lead to where the folder or the file itself really lies (as in Hugging Face's cache, where all names are links), and nowhere else. */
async function openBeside(path: string, other: string): Promise<ByteSource> {
  checkBeside(path, other);
  const target = join(dirname(path), other);
  try {
    const real = await realpath(target);
    const homes = await Promise.all([realpath(dirname(path)), realpath(path).then(dirname)]);
    if (homes.some((home) => real.startsWith(home.endsWith(sep) ? home : home + sep))) return await openFile(target);
    throw new FileError("not-readable", `${target}: is a link out of the folder of ${path}; put the file itself there`);
  } catch (error) {
    throw readFailure(target, error);
  }
}

async function readAll(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

function kindOf(stats: { isFile(): boolean; isDirectory(): boolean }): PathKind {
  return stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other";
}

/** Bytes of a name that are not UTF-8 come to us as U+FFFD, and a name with that in their place finds nothing. */
const notUtf8 = " by this name: \ufffd stands for bytes that are not UTF-8; rename the file";

/** The system's error as a person would say it. */
function readFailure(name: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const path = name === "" ? "(an empty path)" : name;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const options = { cause: error };
  switch (code) {
    case "ENOENT":
      return new FileError(
        "not-found",
        `${path}: no such file or folder${path.includes("\ufffd") ? notUtf8 : ""}`,
        options,
      );
    case "ENAMETOOLONG":
      return new FileError("not-found", `${path}: no such file or folder: no name is that long`, options);
    case "ENOTDIR":
      return new FileError("not-found", `${path}: a part of this path is a file, not a folder`, options);
    case "EACCES":
    case "EPERM":
      return new FileError("not-readable", `${path}: no permission to read it`, options);
    default:
      return new FileError("not-readable", `${path}: cannot be read (${messageOf(error)})`, options);
  }
}
