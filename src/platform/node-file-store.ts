/**
 * Fetched weights as files, in the folder where PyTorch keeps its own: what either has fetched, the other uses. Beside FILE there are, while it
 * is fetched, FILE.partial, FILE.partial.json (what the server said of it) and FILE.lock. Part of node.ts.
 */
import * as fs from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { allocate, FileError, messageOf, shortRead } from "./byte-source.ts";
import { type FileLock, type FileStore, inUse, type PartialFile } from "./file-store.ts";
import { lockFile } from "./node-file-lock.ts";
import { makeFolders } from "./node-folders.ts";
import { environment } from "./node-http.ts";
import { writeFailure } from "./node-output.ts";
import type { ByteSource } from "./sources.ts";

/** PyTorch's rule (torch.hub.get_dir): `$TORCH_HOME`, else `torch` in `$XDG_CACHE_HOME` or `~/.cache`; then hub/checkpoints. */
export function weightsFolder(): string {
  const home = environment("TORCH_HOME") ?? join(environment("XDG_CACHE_HOME") ?? "~/.cache", "torch");
  return resolve(home.replace(/^~(?=$|[/\\])/, homedir()), "hub", "checkpoints");
}

/** The store in `folder`, which is made when it is first needed. `openFile` reads a file by its path. */
export function nodeFileStore(folder: string, openFile: (path: string) => Promise<ByteSource>): FileStore {
  const pathOf = (name: string): string => join(folder, name);
  return {
    place: folder,
    pathOf,
    sizeOf: (name) => sizeOf(pathOf(name)),
    partialSizeOf: (name) => sizeOf(`${pathOf(name)}.partial`),
    open: (name) => openFile(pathOf(name)),
    remedy: (failed, name, address) =>
      failed === "network"
        ? `put ${address} as ${pathOf(name)} by hand`
        : "see to that, or name another folder for the cache in TORCH_HOME",
    async remove(name) {
      const sizes = await Promise.all(["", ".partial", ".partial.json"].map((suffix) => sizeOf(pathOf(name) + suffix)));
      if (sizes.every((size) => size === undefined)) return undefined;
      const lock = await lockFile(`${pathOf(name)}.lock`, { onWait: (who) => inUse(pathOf(name), who) });
      try {
        for (const suffix of ["", ".partial", ".partial.json"])
          await orWriteFailure(pathOf(name) + suffix, fs.rm(pathOf(name) + suffix, { force: true }));
      } finally {
        await lock.release();
      }
      return (sizes[0] ?? 0) + (sizes[1] ?? 0);
    },
    async partial(name) {
      await makeFolder(folder);
      return openPartial(pathOf(name));
    },
    async lock(name, options): Promise<FileLock> {
      await makeFolder(folder);
      return lockFile(`${pathOf(name)}.lock`, options);
    },
    async free() {
      // The folder may not be there yet: the disk is that of the nearest one that is.
      for (let at = folder; ; at = dirname(at)) {
        const found = await fs.statfs(at).catch(() => undefined);
        if (found && found.bsize > 0) return found.bavail * found.bsize;
        if (at === dirname(at)) return undefined;
      }
    },
  };
}

async function openPartial(target: string): Promise<PartialFile> {
  const path = `${target}.partial`;
  const notePath = `${path}.json`;
  // Not for appending: each write says where, so that two writers of one file would write the same.
  const handle = await orWriteFailure(
    path,
    fs.open(path, "r+").catch((error) => (error.code === "ENOENT" ? fs.open(path, "wx+") : Promise.reject(error))),
  );
  let { size } = await orWriteFailure(path, handle.stat());
  let note = await fs.readFile(notePath, "utf8").catch(() => undefined);
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await handle.close();
  };
  return {
    get size() {
      return size;
    },
    get note() {
      return note;
    },
    async read(offset, length) {
      const bytes = allocate(path, length);
      for (let got = 0; got < length; ) {
        const { bytesRead } = await orWriteFailure(path, handle.read(bytes, got, length - got, offset + got));
        if (bytesRead === 0) throw shortRead(path, offset, length, got);
        got += bytesRead;
      }
      return bytes;
    },
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const writing = handle.write(bytes, done, bytes.length - done, size);
        const { bytesWritten } = await orWriteFailure(path, writing);
        done += bytesWritten;
        size += bytesWritten;
      }
    },
    async annotate(text) {
      note = text;
      await orWriteFailure(notePath, fs.writeFile(notePath, text));
    },
    async restart() {
      await orWriteFailure(path, handle.truncate(0));
      size = 0;
    },
    async finish() {
      await orWriteFailure(path, handle.sync());
      await close();
      await orWriteFailure(target, fs.rename(path, target));
      await fs.unlink(notePath).catch(() => {});
    },
    async close() {
      if (open && size === 0) {
        await close();
        // Nothing came: no trace is left.
        await fs.unlink(path).catch(() => {});
        await fs.unlink(notePath).catch(() => {});
      }
      await close();
    },
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await fs.stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new FileError("not-readable", `${path}: cannot be looked at (${messageOf(error)})`, { cause: error });
  }
  throw new FileError("not-readable", `${path}: is not a file; move it away`);
}

async function makeFolder(folder: string): Promise<void> {
  await orWriteFailure(folder, makeFolders(folder));
}

async function orWriteFailure<T>(path: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw writeFailure(path, error);
  }
}
