/**
 * Fetched weights in a browser: files of the origin's private file system (OPFS), which stay from visit to visit, are read in ranges without
 * being loaded, and can be written part by part, which the Cache API cannot. Part of browser.ts.
 */
import { FileError, messageOf, openInMemory } from "./byte-source.ts";
import { type FileLock, type FileStore, inUse, type PartialFile } from "./file-store.ts";

const place = "this site's private files (OPFS, residual/weights)";

/** A file's new content is copied by the browser when it is opened and seen when it is closed: both every so many bytes. */
const keptEvery = 2 ** 26;

export const browserFileStore: FileStore = {
  place,
  pathOf: (name) => `residual/weights/${name} (OPFS)`,
  sizeOf: async (name) => (await fileOf(name))?.size,
  partialSizeOf: async (name) => (await fileOf(`${name}.partial`))?.size,
  async open(name) {
    const file = await fileOf(name);
    if (!file) throw new FileError("not-found", `${name}: is not in ${place}`);
    return openInMemory(file)!;
  },
  remedy: (failed, _name, address) =>
    failed === "network"
      ? `is ${address} there, and does it allow this page (CORS)? Fetch it by other means and give its bytes or File as weights`
      : "see to that, or give the bytes or File of the weights",
  async remove(name) {
    const root = await folder();
    const held = await lock(`residual/${name}`, undefined, (who) => inUse(name, who));
    let freed: number | undefined;
    try {
      for (const suffix of ["", ".partial", ".partial.json"]) {
        const size = (await fileOf(name + suffix))?.size;
        if (size === undefined) continue;
        await orFileError(name, root.removeEntry(name + suffix));
        freed = (freed ?? 0) + (suffix === ".partial.json" ? 0 : size);
      }
    } finally {
      await held.release();
    }
    return freed;
  },
  partial: (name) => openPartial(name),
  lock: (name, { signal, onWait }) => lock(`residual/${name}`, signal, onWait),
  async free() {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined || usage === undefined ? undefined : quota - usage;
  },
};

async function folder(): Promise<FileSystemDirectoryHandle> {
  if (!globalThis.navigator?.storage?.getDirectory)
    throw new FileError(
      "not-writable",
      `${place}: this page has none; browsers have it on pages from https: or localhost`,
    );
  const root = await orFileError(place, navigator.storage.getDirectory());
  const own = await orFileError(place, root.getDirectoryHandle("residual", { create: true }));
  return orFileError(place, own.getDirectoryHandle("weights", { create: true }));
}

async function fileOf(name: string): Promise<File | undefined> {
  const root = await folder();
  try {
    return await (await root.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw failure(name, error);
  }
}

async function openPartial(target: string): Promise<PartialFile> {
  const name = `${target}.partial`;
  const root = await folder();
  const handle = await orFileError(name, root.getFileHandle(name, { create: true }));
  const noteName = `${name}.json`;
  let { size } = await orFileError(name, handle.getFile());
  let note = await (await fileOf(noteName))?.text();
  let writer: FileSystemWritableFileStream | undefined;
  let unkept = 0;
  /** Makes what was written so far the file's content. */
  const keep = async (): Promise<void> => {
    const closing = writer;
    writer = undefined;
    unkept = 0;
    if (closing) await orFileError(name, closing.close());
  };
  return {
    get size() {
      return size;
    },
    get note() {
      return note;
    },
    async read(offset, length) {
      await keep();
      const file = await orFileError(name, handle.getFile());
      return openInMemory(file)!.read(offset, length);
    },
    async append(bytes) {
      writer ??= await orFileError(name, handle.createWritable({ keepExistingData: true }));
      await orFileError(name, writer.write({ type: "write", position: size, data: bytes as Uint8Array<ArrayBuffer> }));
      size += bytes.length;
      unkept += bytes.length;
      if (unkept >= keptEvery) await keep();
    },
    async annotate(text) {
      note = text;
      const noteHandle = await orFileError(noteName, root.getFileHandle(noteName, { create: true }));
      const noteWriter = await orFileError(noteName, noteHandle.createWritable());
      await orFileError(noteName, noteWriter.write(text));
      await orFileError(noteName, noteWriter.close());
    },
    async restart() {
      await keep();
      const emptied = await orFileError(name, handle.createWritable({ keepExistingData: false }));
      await orFileError(name, emptied.close());
      size = 0;
    },
    async finish() {
      await keep();
      // Renaming is not in every browser's types, and was not in every browser: where it is missing the file is copied.
      const movable = handle as FileSystemFileHandle & { move?: (name: string) => Promise<void> };
      if (movable.move) await orFileError(name, movable.move(target));
      else {
        const final = await orFileError(target, root.getFileHandle(target, { create: true }));
        const copy = await orFileError(target, final.createWritable());
        await orFileError(target, (await handle.getFile()).stream().pipeTo(copy));
        await root.removeEntry(name).catch(() => {});
      }
      await root.removeEntry(noteName).catch(() => {});
    },
    async close() {
      await keep();
      if (size > 0) return;
      await root.removeEntry(name).catch(() => {}); // nothing came: no trace is left
      await root.removeEntry(noteName).catch(() => {});
    },
  };
}

/** The Web Locks API: between tabs and workers of the origin; the browser lets go of a dead one's. */
async function lock(name: string, signal: AbortSignal | undefined, onWait: (who: string) => void): Promise<FileLock> {
  let release: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hold = (options: LockOptions): Promise<boolean> =>
    new Promise((resolve, reject) => {
      navigator.locks
        .request(name, options, async (held) => {
          resolve(held !== null);
          if (held) await done;
        })
        .catch(reject);
    });
  if (!(await hold({ ifAvailable: true }))) {
    onWait("another tab");
    await hold({ signal });
  }
  return { check: async () => undefined, release: async () => release() };
}

async function orFileError<T>(name: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw failure(name, error);
  }
}

function failure(name: string, error: unknown): FileError {
  const full = error instanceof DOMException && error.name === "QuotaExceededError";
  const words = full ? "the browser gives this site no more space" : `cannot be kept (${messageOf(error)})`;
  return new FileError("not-writable", `${name}: ${words}`, { cause: error });
}
