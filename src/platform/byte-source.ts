/**
 * What both runtimes share: the error of files, and ranged reads of bytes and Blobs, which are the same everywhere. Callers
 * that speak of something narrower wrap a FileError into their own class (weights/ into WeightError, image/ into ImageError):
 * every code of reading is one of ImageError's too.
 */
import { OptionError, ResidualError } from "../errors.ts";
import type { ByteSource } from "./sources.ts";

export type FileErrorCode = "not-found" | "not-readable" | "truncated" | "too-large" | "not-writable";

/** A file, Blob or URL that cannot be read, or a file that cannot be written. The message starts with its name. */
export class FileError extends ResidualError {
  declare readonly code: FileErrorCode;
  constructor(code: FileErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** Ranged reads of bytes in memory. They are not copied until they are read, so they must not change while it is open. */
export function bytesSource(bytes: Uint8Array, name = "bytes"): ByteSource {
  let open = true;
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      checkRange(name, bytes.length, offset, length, open);
      const copy = allocate(name, length);
      copy.set(bytes.subarray(offset, offset + length));
      return copy;
    },
    async close() {
      open = false;
    },
  };
}

/** Ranged reads of a Blob or File. */
function blobSource(blob: Blob): ByteSource {
  const name = "name" in blob && typeof blob.name === "string" && blob.name !== "" ? blob.name : "blob";
  let open = true;
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length, open);
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        // A File whose file was moved or changed since it was chosen.
        throw new FileError("not-readable", `${name}: cannot be read (${messageOf(cause)})`, { cause });
      }
      if (bytes.length !== length) throw shortRead(name, offset, length, bytes.length);
      return bytes;
    },
    async close() {
      open = false;
    },
  };
}

/** The sources that need no runtime, opened; undefined for a path or a URL. Throws OptionError for anything else. */
export function openInMemory(source: unknown): ByteSource | undefined {
  if (source instanceof Uint8Array) return bytesSource(source);
  if (source instanceof ArrayBuffer) return bytesSource(new Uint8Array(source));
  if (source instanceof Blob) return blobSource(source);
  if (typeof source === "string" || source instanceof URL) return undefined;
  const what = source === null ? "null" : typeof source === "object" ? source.constructor?.name : typeof source;
  throw new OptionError(`cannot read from ${what}: give a path, a URL object, a Blob, an ArrayBuffer or a Uint8Array`);
}

/** Throws unless [offset, offset + length) lies within an open source of `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number, open: boolean): void {
  if (!open) throw new FileError("not-readable", `${name}: was closed and cannot be read any more`);
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!whole || offset + length > size) {
    throw new FileError("truncated", `${name}: has ${size} bytes, cannot read ${length} from byte ${offset}`);
  }
}

/** Throws FileError unless `path`, by which `name` calls a file beside it, can only lead into its folder: relative, `/` between names, no `..`. */
export function checkBeside(name: string, path: string): void {
  const parts = path.split("/");
  const wrong = /^[a-z]:|^[a-z][a-z0-9+.-]*:\/\/|[\\\0]/i.test(path) || parts.includes("..") || parts.includes("");
  if (wrong)
    throw new FileError(
      "not-readable",
      `${name}: names the file ${JSON.stringify(path.slice(0, 200))}, and only a relative path into its own folder is followed`,
    );
}

/** From this many bytes on C libraries keep blocks that were freed, and a process its size. */
const largeBytes = 2 ** 18;

/**
 * `length` zeroed bytes, or a FileError where the engine cannot have that many. `passing`: large ones are over a resizable buffer, whose
 * memory goes back to the system when it is let go of.
 */
export function allocate(name: string, length: number, passing = false): Uint8Array<ArrayBuffer> {
  try {
    if (!passing || length < largeBytes) return new Uint8Array(length);
    return new Uint8Array(new ArrayBuffer(length, { maxByteLength: length }), 0, length);
  } catch (cause) {
    throw new FileError("too-large", `${name}: there is no memory for ${length} bytes of it at once`, { cause });
  }
}

/** The file gave fewer bytes than its size promised: it was cut while open. */
export function shortRead(name: string, offset: number, wanted: number, got: number): FileError {
  return new FileError(
    "truncated",
    `${name}: ended at byte ${offset + got}, ${wanted} were wanted from byte ${offset}`,
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
