/**
 * Files that appear whole or not at all: written to a temporary beside the target, synced, and renamed over it. Devices and
 * pipes cannot be replaced and are written straight. Part of node.ts.
 */
import { existsSync, unlinkSync } from "node:fs";
import { open, readlink, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FileError, messageOf } from "./byte-source.ts";
import type { Output, OutputOptions } from "./platform.ts";

export async function openOutput(path: string, options: OutputOptions = {}): Promise<Output> {
  let target = path;
  try {
    const old = await stat(path).catch((error) => {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    });
    if (old?.isDirectory()) throw new FileError("not-writable", `${path}: is a folder; name a file`);
    if (old && !old.isFile()) return new OutputFile(path, undefined, await open(path, "w"), path);
    // A link stays a link: the file that it names is replaced. A file that its owner made read-only is not.
    target = old ? await realpath(path) : await linkedPath(path);
    if (old) await (await open(target, "r+")).close();
    const temporary = options.sameTemporary
      ? `${target}.part.new`
      : join(dirname(target), `.residual-${crypto.randomUUID()}.tmp`);
    const handle = await open(temporary, options.sameTemporary ? "w" : "wx");
    if (old) await handle.chmod(old.mode & 0o777).catch(() => {});
    return new OutputFile(target, temporary, handle, path);
  } catch (error) {
    throw writeFailure(path, error, target);
  }
}

/** Where a link to nothing leads, through all links (the system has ended circles before), or the path itself. */
async function linkedPath(path: string): Promise<string> {
  const link = await readlink(path).catch(() => undefined);
  if (link === undefined) return path;
  // From the folder's own place: `..` in a link is not what it is in the path by which the folder was named.
  return linkedPath(resolve(await realpath(dirname(path)), link));
}

class OutputFile implements Output {
  readonly path: string;
  readonly #target: string;
  /** Undefined where the target itself is being written. */
  readonly #temporary: string | undefined;
  readonly #handle: Awaited<ReturnType<typeof open>>;
  #open = true;

  constructor(target: string, temporary: string | undefined, handle: Awaited<ReturnType<typeof open>>, path: string) {
    this.path = path;
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    if (!this.#open) throw new FileError("not-writable", `${this.path}: was closed and cannot be written any more`);
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    try {
      for (let done = 0; done < bytes.length; ) {
        // No position: pipes have none, and a file goes on where it stands. Node refuses single writes of 2 GiB and more.
        const { bytesWritten } = await this.#handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30), null);
        done += bytesWritten;
      }
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }

  async commit(): Promise<void> {
    if (!this.#open) throw new FileError("not-writable", `${this.path}: was closed already`);
    try {
      if (this.#temporary !== undefined) await this.#handle.sync();
      await this.#close();
      if (this.#temporary !== undefined) await rename(this.#temporary, this.#target);
    } catch (error) {
      await this.#close().catch(() => {});
      if (this.#temporary !== undefined) await unlink(this.#temporary).catch(() => {});
      throw writeFailure(this.path, error);
    }
  }

  async discard(): Promise<void> {
    if (!this.#open) return;
    await this.#close().catch(() => {});
    if (this.#temporary !== undefined) await unlink(this.#temporary).catch(() => {});
  }

  discardNow(): void {
    if (!this.#open || this.#temporary === undefined) return;
    this.#open = false;
    try {
      unlinkSync(this.#temporary);
    } catch {
      // gone already, or it stays: the process ends, and nobody could be told more
    }
    this.#handle.close().catch(() => {}); // should the process live on
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** The system's error of a write as a person would say it. */
export function writeFailure(path: string, error: unknown, target = path): FileError {
  if (error instanceof FileError) return error;
  const options = { cause: error };
  switch (codeOf(error)) {
    case "ENOENT":
      // /proc and its like are there, and have no files made in them.
      return new FileError(
        "not-writable",
        existsSync(dirname(target))
          ? `${path}: the system makes no files in ${dirname(target)} (ENOENT); name another folder`
          : `${path}: the folder ${dirname(target)} does not exist; make it first`,
        options,
      );
    case "ENAMETOOLONG":
      return new FileError("not-writable", `${path}: the name is too long for its disk; name a shorter one`, options);
    case "ENOTDIR":
      return new FileError("not-writable", `${path}: a part of this path is a file, not a folder`, options);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new FileError("not-writable", `${path}: no permission to write there`, options);
    case "ENOSPC":
      return new FileError("not-writable", `${path}: no space is left on its disk`, options);
    default:
      return new FileError("not-writable", `${path}: cannot be written (${messageOf(error)})`, options);
  }
}
