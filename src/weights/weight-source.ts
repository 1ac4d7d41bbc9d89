/**
 * The seam between files and weights: opens what a caller names and turns the platform's file errors into WeightErrors, so that
 * whoever loads weights meets one class of error. Errors here are one line: names from files are quoted and clipped.
 */
import { openBytes } from "#platform";
import { WeightError } from "../errors.ts";
import { FileError } from "../platform/byte-source.ts";
import type { ByteSource, Source } from "../platform/sources.ts";

/** What weights are read from: anything that the platform opens, or what is open already (and is then closed by the reader). */
export type WeightSource = Source | ByteSource;

/** Makes the error for a breach, from the words that say what is wrong; it knows the file, and the tensor where there is one. */
export type Breach = (what: string) => WeightError;

/**
 * Opens a source whose reads throw WeightErrors: `weights-missing` (no file, not readable) or `weights-format` (cut short). `signal`: of the
 * opening alone.
 */
export async function openWeightSource(source: WeightSource, signal?: AbortSignal): Promise<ByteSource> {
  const bytes = isByteSource(source) ? source : await orWeightError(openBytes(source, signal));
  return {
    name: bytes.name,
    size: bytes.size,
    read: async (offset, length) => ownBytes(bytes.name, length, await orWeightError(bytes.read(offset, length))),
    close: () => orWeightError(bytes.close()),
    ...(bytes.beside && { beside: (path) => orWeightError(bytes.beside!(path)) }),
  };
}

/** What `read` makes of an opened source, which then closes it; it is closed here where that fails, or the signal is aborted meanwhile. */
export async function readWeightSource<T>(
  source: WeightSource,
  read: (bytes: ByteSource) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const bytes = await openWeightSource(source, signal);
  const stop = (): void => void bytes.close().catch(() => {}); // ends requests under way
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    const made = await read(bytes);
    signal?.throwIfAborted(); // it is closed already
    return made;
  } catch (error) {
    await bytes.close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * A small text file beside a weight file (config.json), or undefined where none is or there is no folder. Throws WeightError where it is
 * larger than `most` bytes or cannot be read.
 */
export async function readBeside(
  beside: ByteSource["beside"],
  path: string,
  most = 2 ** 22,
): Promise<{ readonly name: string; readonly text: string } | undefined> {
  let source: ByteSource;
  try {
    if (!beside) return undefined;
    source = await beside(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  try {
    if (source.size > most)
      throw new WeightError("weights-format", `${source.name}: has ${source.size} bytes; at most ${most} are read`);
    const bytes = await orWeightError(source.read(0, source.size));
    return { name: source.name, text: decodeUtf8(bytes, `${source.name}: is not valid UTF-8`) };
  } finally {
    await source.close();
  }
}

/** Throws WeightError ("weights-format") with `message` where the bytes are no UTF-8. A byte order mark is left out. */
export function decodeUtf8(bytes: Uint8Array, message: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WeightError("weights-format", message, { cause });
  }
}

function isNotFound(error: unknown): boolean {
  const cause = error instanceof WeightError ? error.cause : error;
  return cause instanceof FileError && cause.code === "not-found";
}

/** A text from a file as a message shows it: quoted, without line breaks, at most 80 characters of it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function isByteSource(source: WeightSource): source is ByteSource {
  return typeof source === "object" && source !== null && "read" in source && "size" in source;
}

/**
 * What a ByteSource promises of its reads: as many bytes as were asked for, at the start of their own buffer. Ours keep it; a caller's own
 * might give a part of a larger buffer, over which wider arrays would be laid in silence.
 */
function ownBytes(name: string, length: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length !== length)
    throw new WeightError(
      "weights-format",
      `${name}: its read() gave ${bytes.length} bytes where ${length} were asked for`,
    );
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

async function orWeightError<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    const missing = cause.code === "not-found" || cause.code === "not-readable";
    throw new WeightError(missing ? "weights-missing" : "weights-format", cause.message, { cause });
  }
}
