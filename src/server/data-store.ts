/**
 * The store behind `data://`: a folder of this machine. `ROOT/USER` is a user's `.my`, `ROOT/.session/USER` and `ROOT/.algo/USER` the
 * other collections, `ROOT/.residual` what the store keeps for itself. No symbolic link is ever followed, wherever it stands.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { openOutput } from "#platform";
import { OptionError } from "../errors.ts";
import { isImageName } from "../features/left-out.ts";
import { AccessLists, type ReadList } from "./access-lists.ts";
import { childOf, type DataPath, notThere, shown } from "./data-path.ts";
import { busy, HttpError } from "./http-error.ts";

export interface StoredFile {
  readonly kind: "file";
  readonly size: number;
  readonly modified: Date;
}

export type Stored = StoredFile | { readonly kind: "folder" };

/** A page of a folder. */
export interface Listing {
  readonly folders: readonly string[];
  readonly files: readonly (StoredFile & { readonly name: string })[];
  /** What asks for the next page; absent at the end. */
  readonly marker?: string;
}

/** Entries of a page of a folder's listing. */
const pageSize = 1000;

/** Files that are being written; nobody sees them. */
const temporary = /^\.residual-.*\.tmp$/;

export class DataStore {
  readonly #root: string;
  readonly #lists: AccessLists;

  private constructor(root: string, lists: AccessLists) {
    this.#root = root;
    this.#lists = lists;
  }

  /** Makes the folder where there is none. Throws OptionError where it cannot be used. */
  static async open(folder: string): Promise<DataStore> {
    try {
      await mkdir(folder, { recursive: true });
      const root = await realpath(folder);
      await mkdir(join(root, ".residual"), { recursive: true });
      return new DataStore(root, await AccessLists.open(join(root, ".residual", "access-lists.json")));
    } catch (error) {
      if (error instanceof OptionError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new OptionError(`--data ${folder}: cannot be used as the store's folder (${why})`, { cause: error });
    }
  }

  /** What lies there, or undefined. Throws HttpError where a link or a device does. */
  async find(path: DataPath): Promise<Stored | undefined> {
    if (path.collection === "root") return { kind: "folder" };
    const place = await this.#placeOf(path);
    if (place === undefined) return undefined;
    const stats = await lstat(place).catch(missing);
    if (!stats) return undefined;
    if (stats.isDirectory()) return { kind: "folder" };
    if (!stats.isFile()) throw noPlainFile(path);
    return { kind: "file", size: stats.size, modified: stats.mtime };
  }

  /** A page of a folder, its folders first, both by name in code-unit order. Links, devices and half-written files are left out. */
  async list(path: DataPath, marker?: string): Promise<Listing> {
    if (path.collection === "root") return { folders: [path.user], files: [] };
    const names = await this.names(path);
    const place = await this.#placeOf(path);
    if (place === undefined) throw notThere(path.text); // in this moment
    const all = [...names.folders.map((name) => `d/${name}`), ...names.files.map((name) => `f/${name}`)];
    if (marker !== undefined && !/^[df]\//.test(marker))
      throw new HttpError(400, "bad-marker", `marker ${shown(marker)}: is none that a listing gave`);
    const begin = marker === undefined ? 0 : all.findIndex((entry) => entry > marker);
    const page = begin < 0 ? [] : all.slice(begin, begin + pageSize);
    const folders = page.filter((entry) => entry.startsWith("d/")).map((entry) => entry.slice(2));
    const files: (StoredFile & { name: string })[] = [];
    for (const entry of page.filter((one) => one.startsWith("f/"))) {
      const name = entry.slice(2);
      const stats = await lstat(join(place, name)).catch(missing); // gone since: not in the list
      if (stats?.isFile()) files.push({ name, kind: "file", size: stats.size, modified: stats.mtime });
    }
    const more = begin >= 0 && begin + page.length < all.length;
    return { folders, files, ...(more ? { marker: page.at(-1)! } : {}) };
  }

  /** All names of a folder, sorted in code-unit order. Throws HttpError where there is none. */
  async names(path: DataPath): Promise<{ folders: string[]; files: string[] }> {
    const place = await this.#placeOf(path);
    const entries = place === undefined ? undefined : await readdir(place, { withFileTypes: true }).catch(missing);
    if (!entries) throw notThere(path.text);
    const named = (is: "isDirectory" | "isFile"): string[] =>
      entries.filter((entry) => entry[is]() && !temporary.test(entry.name)).map(({ name }) => name);
    return { folders: named("isDirectory").sort(), files: named("isFile").sort() };
  }

  /** Opens a file for reading; whoever has the handle closes it. */
  async openFile(
    path: DataPath,
  ): Promise<{ readonly handle: FileHandle; readonly size: number; readonly modified: Date }> {
    const place = await this.#placeOf(path);
    if (place === undefined) throw notThere(path.text);
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    // Windows has neither flag, and no links or pipes that an unprivileged user makes.
    const handle = await open(place, O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)).catch((error) => {
      if (codeOf(error) === "ELOOP") throw throughLink(path);
      return missing(error);
    });
    if (!handle) throw notThere(path.text);
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, size: stats.size, modified: stats.mtime };
    await handle.close();
    throw stats.isDirectory()
      ? new HttpError(400, "is-a-folder", `${shown(path.text)}: is a folder`)
      : noPlainFile(path);
  }

  /** The whole of a file of at most `most` bytes. */
  async readFile(path: DataPath, most: number): Promise<Uint8Array> {
    const { handle, size } = await this.openFile(path);
    try {
      if (size > most)
        throw new HttpError(
          413,
          "too-large",
          `${shown(path.text)}: has ${size} bytes; at most ${most} are read as an image`,
        );
      const bytes = new Uint8Array(size);
      let got = 0;
      while (got < size) {
        const { bytesRead } = await handle.read(bytes, got, size - got, got);
        if (bytesRead === 0) break; // cut since: the decoder says what is missing
        got += bytesRead;
      }
      return bytes.subarray(0, got);
    } finally {
      await handle.close();
    }
  }

  /** Puts a file in its place, whole or not at all; over an older one. */
  async writeFile(path: DataPath, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = await this.#parentOf(path);
    const place = join(folder, path.parts.at(-1)!);
    const old = await lstat(place).catch(missing);
    if (old?.isDirectory()) throw new HttpError(409, "is-a-folder", `${shown(path.text)}: a folder has this name`);
    if (old && !old.isFile()) throw old.isSymbolicLink() ? throughLink(path) : noPlainFile(path);
    const output = await openOutput(place).catch((error) => Promise.reject(notWritten(path, error)));
    try {
      for await (const chunk of chunks)
        await output.write(chunk).catch((error) => Promise.reject(notWritten(path, error)));
      await output.commit().catch((error) => Promise.reject(notWritten(path, error)));
    } catch (error) {
      await output.discard();
      throw error;
    }
  }

  async makeFolder(path: DataPath, read?: ReadList): Promise<void> {
    const folder = await this.#parentOf(path);
    await mkdir(join(folder, path.parts.at(-1)!)).catch((error) => {
      if (codeOf(error) === "EEXIST") throw new HttpError(409, "exists", `${shown(path.text)}: is there already`);
      throw notWritten(path, error);
    });
    if (read) await this.#lists.set(keyOf(path), read);
  }

  /** Removes a file, or a folder: one that is not empty with `force` alone. Gives the number of files and folders that are gone. */
  async remove(path: DataPath, force: boolean): Promise<number> {
    const found = await this.find(path);
    const place = await this.#placeOf(path);
    if (!found || place === undefined) throw notThere(path.text);
    if (path.parts.length === 0)
      throw new HttpError(
        400,
        "bad-path",
        `${shown(path.text)}: a whole collection is not deleted; delete what is in it`,
      );
    if (found.kind === "file") {
      await unlink(place);
      return 1;
    }
    const inside = (await readdir(place, { recursive: true })).length;
    if (inside > 0 && !force)
      throw new HttpError(
        409,
        "not-empty",
        `${shown(path.text)}: is not empty (${inside} inside); ?force=true deletes all`,
      );
    if (force) await rm(place, { recursive: true, force: true });
    else
      await rmdir(place).catch((error) => {
        throw codeOf(error) === "ENOTEMPTY"
          ? new HttpError(409, "not-empty", `${shown(path.text)}: is not empty`)
          : error;
      });
    await this.#lists.forget(keyOf(path));
    return inside + 1;
  }

  /** Who may read a folder, as its owner said. It is kept and told; it opens nothing to another user. */
  readList(path: DataPath): ReadList {
    return this.#lists.get(keyOf(path));
  }

  async setReadList(path: DataPath, read: ReadList): Promise<void> {
    if ((await this.find(path))?.kind !== "folder") throw notThere(path.text);
    await this.#lists.set(keyOf(path), read);
  }

  async #parentOf(path: DataPath): Promise<string> {
    const name = path.parts.at(-1);
    if (name === undefined)
      throw new HttpError(400, "bad-path", `${shown(path.text)}: is a collection; name something in it`);
    if (temporary.test(name))
      throw new HttpError(400, "bad-path", `${shown(path.text)}: such names are the store's own`);
    const parts = path.parts.slice(0, -1);
    const folder = await this.#placeOf({ ...path, parts });
    const stats = folder === undefined ? undefined : await lstat(folder).catch(missing);
    if (stats?.isDirectory()) return folder!;
    throw new HttpError(
      404,
      "no-folder",
      `${shown(path.text)}: the folder that it is to be in is not there; make it first`,
    );
  }

  /** The place on disk, or undefined where nothing is. Throws HttpError where any part of it is a symbolic link. */
  async #placeOf({ collection, user, parts, text }: DataPath): Promise<string | undefined> {
    if (collection === "root")
      throw new HttpError(400, "bad-path", `${shown(text)}: is above all collections; use .my, .session or .algo`);
    const home = join(this.#root, ...(collection === "my" ? [user] : [`.${collection}`, user]));
    await mkdir(home, { recursive: true });
    const place = join(home, ...parts);
    let real: string;
    try {
      real = await realpath(place);
    } catch (error) {
      if (codeOf(error) === "ELOOP") throw throughLink({ text });
      return missing(error);
    }
    if (real !== place) throw throughLink({ text });
    return place;
  }
}

function keyOf({ collection, user, parts }: DataPath): string {
  return [collection, user, ...parts].join("/");
}

/** For errors that mean that nothing is there. */
function missing(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(codeOf(error))) return undefined;
  throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function throughLink({ text }: Pick<DataPath, "text">): HttpError {
  return new HttpError(400, "bad-path", `${shown(text)}: leads through a symbolic link, and none is followed`);
}

function noPlainFile({ text }: DataPath): HttpError {
  return new HttpError(400, "bad-path", `${shown(text)}: is neither a file nor a folder`);
}

function notWritten({ text }: DataPath, error: unknown): unknown {
  if (error instanceof HttpError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (["ENAMETOOLONG", "EINVAL"].includes(codeOf(cause)))
    return new HttpError(400, "bad-path", `${shown(text)}: the store's disk takes no such name`, { cause: error });
  if (["ENOSPC", "EDQUOT"].includes(codeOf(cause)))
    return busy("no-space", `${shown(text)}: no space is left in the store`, 60, { cause: error });
  return error;
}

/** The images of a folder, by name; what else is there is told apart, never passed over in silence. */
export async function imagesIn(
  store: DataStore,
  folder: DataPath,
): Promise<{ images: DataPath[]; otherFiles: string[]; subfolders: string[]; hidden: number }> {
  const { files, folders } = await store.names(folder);
  const shownOnly = (names: readonly string[]): string[] => names.filter((name) => !name.startsWith("."));
  const images = shownOnly(files).filter((name) => isImageName(name));
  return {
    images: images.map((name) => childOf(folder, name)),
    otherFiles: shownOnly(files).filter((name) => !isImageName(name)),
    subfolders: shownOnly(folders),
    hidden: files.length + folders.length - shownOnly(files).length - shownOnly(folders).length,
  };
}
