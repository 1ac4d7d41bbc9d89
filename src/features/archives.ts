/**
 * The images in zip and tar archives (gzipped ones too), one after another, without unpacking anything to a disk. A zip's are read where they
 * lie, in the order of their names; a tar is a stream and keeps its own order. What an archive may do to harm is one image's error: names
 * that lead out of it, encrypted entries, links, entries larger than an image can be.
 */
import { openBytes } from "#platform";
import { ImageError } from "../errors.ts";
import { asImageError, mostImageBytes } from "../model/image-source.ts";
import { joinBytes } from "../platform/fetch-bytes.ts";
import type { ByteSource } from "../platform/sources.ts";
import { formatBytes } from "../tensor/format-bytes.ts";
import { comparePaths } from "./compare-paths.ts";
import { isImageName, type LeftOut, LeftOutCounter } from "./left-out.ts";
import type { NamedSource } from "./named-source.ts";

export type ArchiveKind = "zip" | "tar" | "tar.gz";

/** By the name's end; undefined for what is no archive that is read. */
export function archiveKind(path: string): ArchiveKind | undefined {
  if (/\.zip$/i.test(path)) return "zip";
  if (/\.tar$/i.test(path)) return "tar";
  return /\.(tar\.gz|tgz)$/i.test(path) ? "tar.gz" : undefined;
}

/** What an archive is called, and how it is read: once. */
export interface ArchiveOptions {
  readonly name: string;
  readonly onLeftOut: (left: LeftOut) => unknown;
}

/**
 * The images of an archive, `NAME/inner/a.jpg` each. One that cannot be read, wholly or from some place on, ends with an error in place of
 * an image.
 */
export async function* imagesInArchive(
  path: string | Blob,
  kind: ArchiveKind,
  options: ArchiveOptions,
): AsyncGenerator<NamedSource, void, undefined> {
  const left = new LeftOutCounter(options.name);
  let images = 0;
  try {
    for await (const image of kind === "zip" ? zipImages(path, left) : tarImages(path, kind, left)) {
      images++;
      yield { ...image, image_path: `${options.name}/${image.image_path}` };
    }
    if (images === 0)
      throw new ImageError(
        "not-found",
        `${options.name}: an archive without images; JPEG, PNG, WebP and GIF are taken`,
      );
  } catch (error) {
    const { name } = options;
    const said = asImageError(error);
    if (!(error instanceof Error)) throw error;
    const shown =
      said instanceof ImageError
        ? said
        : new ImageError("corrupt", `${name}: the archive cannot be read on (${reasonOf(error)})`, { cause: error });
    yield { image_path: name, source: shown };
  }
  const result = left.result;
  if (result) options.onLeftOut(result);
}

/** Node's errors of gzip have no message, and their reason in a code (Z_BUF_ERROR) or a cause. */
function reasonOf(error: Error): string {
  if (error.message !== "") return error.message;
  if (error.cause instanceof Error && error.cause.message !== "") return error.cause.message;
  return "code" in error ? String(error.code) : "its gzip data are damaged or cut off";
}

/** Whether an entry is an image that is asked for; counts it where it is not. */
function isAskedFor(name: string, left: LeftOutCounter): boolean {
  const parts = name.split("/");
  if (parts.some((part) => (part.startsWith(".") && part !== "." && part !== "..") || part === "__MACOSX")) {
    left.hidden();
    return false;
  }
  if (isImageName(name)) return true;
  left.otherFile(name);
  return false;
}

/** The entry's error where its name leads out of the archive. It is never written anywhere, but whoever unpacks it would be harmed. */
function unsafeName(archive: string, name: string): ImageError | undefined {
  const parts = name.split(/[\\/]/);
  if (!parts.includes("..") && !/^([\\/]|[a-z]:)/i.test(name)) return undefined;
  return new ImageError("unsupported", `${archive}/${name}: a name that leads out of its archive; it is not read`);
}

function tooLarge(name: string): ImageError {
  return new ImageError(
    "too-large",
    `${name}: unpacks to more than ${formatBytes(mostImageBytes)}; no image is that large`,
  );
}

/** An image before its archive's name is put in front. */
async function* zipImages(path: string | Blob, left: LeftOutCounter): AsyncGenerator<NamedSource, void, undefined> {
  const zip = await import("@zip.js/zip.js/index-native.js");
  zip.configure({ useWebWorkers: false });
  const file = new SharedFile(path);
  class RangedReader extends zip.Reader<SharedFile> {
    override async init(): Promise<void> {
      this.size = await file.use(async ({ size }) => size);
    }
    override readUint8Array(at: number, length: number): Promise<Uint8Array> {
      return file.use((source) => source.read(at, Math.max(0, Math.min(length, source.size - at))));
    }
  }
  const reader = new zip.ZipReader(new RangedReader(file), { filenameValidation: "tolerant" });
  const entries = await file.use(async () =>
    (await reader.getEntries()).filter((entry) => !entry.directory && isAskedFor(entry.filename, left)),
  );
  entries.sort((a, b) => comparePaths(a.filename, b.filename));
  const archive = left.folder;
  for (const entry of entries) {
    const name = `${archive}/${entry.filename}`;
    const read = async (signal?: AbortSignal): Promise<Uint8Array> => {
      try {
        const unsafe = unsafeName(archive, entry.filename);
        if (unsafe) throw unsafe;
        if (entry.encrypted)
          throw new ImageError("unsupported", `${name}: is encrypted; unpack the archive with its password`);
        if (entry.directory || entry.uncompressedSize > mostImageBytes) throw tooLarge(name);
        return await file.use(async () => new Uint8Array(await entry.arrayBuffer({ signal, checkSignature: true })));
      } catch (error) {
        signal?.throwIfAborted();
        const said = asImageError(error);
        if (said instanceof ImageError) throw said;
        const message = error instanceof Error ? error.message : String(error);
        throw new ImageError("corrupt", `${name}: cannot be unpacked (${message})`, { cause: error });
      }
    };
    yield { image_path: entry.filename, source: { size: entry.uncompressedSize, read } };
  }
}

/** A file that is open while somebody uses it: images of a zip may be read long after it was listed, or never. */
class SharedFile {
  readonly #path: string | Blob;
  #opened: Promise<ByteSource> | undefined;
  #users = 0;

  constructor(path: string | Blob) {
    this.#path = path;
  }

  async use<T>(body: (source: ByteSource) => Promise<T>): Promise<T> {
    this.#users++;
    this.#opened ??= openBytes(this.#path);
    const opened = this.#opened;
    try {
      return await body(await opened);
    } finally {
      if (--this.#users === 0) {
        this.#opened = undefined;
        await opened.then((source) => source.close()).catch(() => undefined);
      }
    }
  }
}

async function* tarImages(
  path: string | Blob,
  kind: ArchiveKind,
  left: LeftOutCounter,
): AsyncGenerator<NamedSource, void, undefined> {
  const { createTarDecoder } = await import("modern-tar");
  const source = await openBytes(path);
  const packed = streamOf(source);
  const plain = kind === "tar" ? packed : packed.pipeThrough(new DecompressionStream("gzip"));
  const entries = plain.pipeThrough(createTarDecoder({ strict: true })).getReader();
  const archive = left.folder;
  try {
    for (let next = await entries.read(); !next.done; next = await entries.read()) {
      const { header, body } = next.value;
      const name = header.name.replace(/^(\.\/)+/, "");
      if (header.type === "directory" || header.name.endsWith("/") || !isAskedFor(name, left)) {
        await drain(body);
        continue;
      }
      const error = unsafeName(archive, name) ?? tarProblem(`${archive}/${name}`, header);
      if (error) await drain(body);
      yield { image_path: name, source: error ?? (await bytesOf(body)) };
    }
  } finally {
    entries.cancel().catch(() => undefined);
    await source.close();
  }
}

function tarProblem(name: string, { type, size }: { type?: string; size: number }): ImageError | undefined {
  if (type !== undefined && type !== "file")
    return new ImageError("unsupported", `${name}: is a ${type} and no file; pack what it leads to (tar -h)`);
  return size > mostImageBytes ? tooLarge(name) : undefined;
}

/** Reads what nobody wants: modern-tar 0.8.6 may stop for ever after an entry's cancel(), when the archive comes in pieces. */
async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

async function bytesOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
  }
  return joinBytes(chunks, length);
}

const chunkBytes = 2 ** 18;

function streamOf(source: ByteSource): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        if (at >= source.size) return controller.close();
        const length = Math.min(chunkBytes, source.size - at);
        controller.enqueue(await source.read(at, length));
        at += length;
      },
    },
    { highWaterMark: 0 },
  );
}
