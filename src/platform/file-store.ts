/**
 * A folder of fetched files: what it promises. Real files in node-file-store.ts, the origin's private file system in browser-file-store.ts. Names are
 * plain file names. All failures are `FileError`s.
 */
import { FileError } from "./byte-source.ts";
import type { ByteSource } from "./sources.ts";

/** A file being fetched: what is there stays there, whatever happens, until it is finished or thrown away. */
export interface PartialFile {
  /** Bytes so far. */
  readonly size: number;
  /** What `annotate` left, by an earlier process perhaps. */
  readonly note: string | undefined;
  /** Bytes that are there already. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Appends. Await each before the next. */
  append(bytes: Uint8Array): Promise<void>;
  /** Keeps a short text beside it. */
  annotate(note: string): Promise<void>;
  /** Throws away what is there, to begin anew. */
  restart(): Promise<void>;
  /** Gives it its final name, whole; a file of that name is replaced. */
  finish(): Promise<void>;
  /** Lets go of it, for another time. May be called twice, and after the others. */
  close(): Promise<void>;
}

/** Who fetches a file. */
export interface FileLock {
  /** Throws FileError where another has taken it over, since this one was not heard of for long. */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface FileStore {
  /** Where it is, for people: a folder's path, or words. */
  readonly place: string;
  /** Bytes of a whole file, or undefined where there is none. */
  sizeOf(name: string): Promise<number | undefined>;
  /** Bytes of a file that was begun, or undefined. */
  partialSizeOf(name: string): Promise<number | undefined>;
  /** Where a whole file is or would be, for people. */
  pathOf(name: string): string;
  open(name: string): Promise<ByteSource>;
  /** What a person can do, as the begin of a sentence, where the network failed (`address` is the file's), or this place did. */
  remedy(failed: "network" | "place", name: string, address: string): string;
  /** The file, and what was begun of it; gives the bytes that were freed, or undefined where there was nothing. Throws where it is being fetched. */
  remove(name: string): Promise<number | undefined>;
  /** Opens or makes what is to become `name`. */
  partial(name: string): Promise<PartialFile>;
  /** Waits until nobody else fetches `name`: `onWait` is told once who does, in words. A lock of a process that is dead does not count. */
  lock(name: string, options: { readonly signal?: AbortSignal; onWait(who: string): void }): Promise<FileLock>;
  /** Bytes that may still be written there, where it can be known. */
  free(): Promise<number | undefined>;
}

/** SHA-256, piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** In lower-case hexadecimal; ends it. */
  digest(): string;
}

/** Thrown where a file is to be removed that somebody fetches. */
export function inUse(path: string, who: string): never {
  throw new FileError("not-writable", `${path}: ${who} is downloading it; wait for that, or end it, and try again`);
}
