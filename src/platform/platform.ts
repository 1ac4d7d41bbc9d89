/**
 * What the library asks of its runtime: the interface that `node.ts` (Node, Deno, Bun) and `browser.ts` both have, as module
 * exports. Import the functions from `#platform`, which package.json maps to one of the two, and the types from here.
 * No other folder of the library touches files, packages, `navigator` or the network. Types only; errors are in byte-source.ts.
 */

import type { FetchBounds } from "./fetch-bytes.ts";
import type { FileStore, Sha256 } from "./file-store.ts";
import type { RequestHead } from "./http.ts";
import type { ByteSource, Source } from "./sources.ts";
import type { FromWorker, ToWorker } from "./worker-protocol.ts";

export type PathKind = "file" | "folder" | "other";

/** An entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  /** The folder's path as it was given, joined with the name. */
  readonly path: string;
  /** What it is, or what it links to; `other` for devices, sockets and links to nothing. */
  readonly kind: PathKind;
  /** A symbolic link: who walks a tree must not follow one to a folder twice. */
  readonly link: boolean;
}

/** A file being written: nobody sees it before `commit`, and a failure leaves what was there before. */
export interface Output {
  readonly path: string;
  /** Appends; text is written as UTF-8. Await each before the next. */
  write(chunk: Uint8Array | string): Promise<void>;
  /** Puts the finished file in its place. */
  commit(): Promise<void>;
  /** Removes what was written. Does nothing after `commit`. */
  discard(): Promise<void>;
  /** The same at once, for a process that ends now: waits for nothing, writes under way among it. Never throws. */
  discardNow(): void;
}

export interface OutputOptions {
  /** Until it is there, the file lies as `PATH.part.new`, over what a killed process left of the same; else it has a name of its own. */
  readonly sameTemporary?: boolean;
}

/** A file that grows while it is read by nobody else: what was appended stays, whatever becomes of the process. */
export interface AppendFile {
  /** Await each before the next. Throws FileError where another process has written to it meanwhile. */
  append(bytes: Uint8Array): Promise<void>;
  /** On the disk, and closed. */
  close(): Promise<void>;
}

/** What tells whether a file is still the same. */
export interface FileFacts {
  /** Bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds. */
  readonly changed: number;
}

/** WebGPU's entry, or the reason (one line, for a person) why there is none. */
export type GpuEntry =
  | { readonly gpu: GPU; readonly reason?: undefined }
  | { readonly gpu?: undefined; readonly reason: string };

export interface GpuOptions {
  /**
   * Leave out bounds checks, validation and zeroing where the runtime lets us (Dawn in Node and Bun; browsers never do). Faster, but
   * a faulty kernel can then read or write any memory. Default false.
   */
  readonly unchecked?: boolean;
}

/** What a worker's owner hears of it. */
export interface WorkerListener {
  message(message: FromWorker): void;
  /** It ended by itself, or could not start: the reason, one line. Nothing is heard afterwards. */
  end(reason: string): void;
}

/** A worker thread, from its owner's side. */
export interface WorkerHandle {
  post(message: ToWorker, transfer: readonly Transferable[]): void;
  /** Whether the process must stay alive for it. It need not, until told. */
  hold(held: boolean): void;
  end(): void;
}

/** A worker thread's line to its owner, from the inside. */
export interface WorkerPort {
  onMessage(listen: (message: ToWorker) => void): void;
  post(message: FromWorker, transfer: readonly Transferable[]): void;
}

export interface CompileOptions {
  /** Whether V8's flags may be set meanwhile, so that the code is its best from the first call: they are the process's. */
  readonly flags: boolean;
  /** With them: V8 packs pairs of 128-bit vector instructions to 256 bits. */
  readonly pack256: boolean;
}

export interface Platform {
  /**
   * Opens for ranged reads; http: and https: URL objects too. Throws FileError (missing, a folder, no permission, what a server or the
   * network refuses), UnsupportedError (paths in a browser), or the signal's reason, which ends the opening alone.
   */
  openBytes(source: Source, signal?: AbortSignal): Promise<ByteSource>;
  /** The whole content; given bytes come back as they are, without a copy. Throws as `openBytes`. */
  readBytes(source: Source): Promise<Uint8Array>;
  /** What an http:, https: or data: address gives, whole and within bounds. Throws FileError, the signal's reason when aborted. */
  fetchBytes(url: string, bounds: FetchBounds): Promise<Uint8Array<ArrayBuffer>>;
  /** What lies at a path (links followed), or undefined where nothing does. */
  pathKind(path: string): Promise<PathKind | undefined>;
  /** A folder's entries, sorted by name in code-unit order whatever the machine's language. */
  listFolder(path: string): Promise<FolderEntry[]>;
  /** Begins a file that appears whole or not at all; devices and pipes (`/dev/stdout`) are written straight. */
  openOutput(path: string, options?: OutputOptions): Promise<Output>;
  /** Undefined where nothing can be looked at. */
  fileFacts(path: string): Promise<FileFacts | undefined>;
  /** Opens for appending after the first `keep` bytes, dropping the rest; with 0 makes a file that must not be there yet. */
  openAppend(path: string, keep: number): Promise<AppendFile>;
  /** Does nothing where there is none. */
  removeFile(path: string): Promise<void>;
  /** With its parents; does nothing where it is there. */
  makeFolder(path: string): Promise<void>;
  /** A file of an installed npm package, by import specifier: `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`. */
  readPackageFile(specifier: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Where a file of an installed npm package is, by import specifier. Throws FileError where nothing says it. */
  packageFileUrl(specifier: string): string;
  /** Inside a worker: has `packageFileUrl` asked of its owner, where a page's import map does not reach into workers. */
  askForPackages(ask: (specifier: string) => Promise<string>): void;
  /** A file of this package's own `assets/` folder: `tiny.safetensors`. */
  packageAsset(name: string): Promise<ByteSource>;
  /** Sends a GET, through the machine's proxies; rejects where no answer came, with what the runtime says. Use it by `exchange` of http.ts. */
  request(url: URL, head: RequestHead): Promise<Response>;
  /** A variable of the environment; undefined where it is empty, and in a browser. */
  environment(name: string): string | undefined;
  /** Where fetched weights are kept: PyTorch's own folder, or the origin's private files. */
  weightStore(): FileStore;
  /** SHA-256, piece by piece. */
  sha256(): Promise<Sha256>;
  /**
   * WebGPU's entry. In Node and Bun the optional peer dependency `webgpu` is loaded on the first call and WebGPU's constants
   * (GPUBufferUsage, …) become globals. Never throws: what is missing is the `reason`.
   */
  gpu(options?: GpuOptions): Promise<GpuEntry>;
  /** Starts a worker thread as src/worker.ts. Never throws: what goes wrong is the listener's `end`. */
  startWorker(listener: WorkerListener): WorkerHandle;
  /** Inside a worker: its line to its owner. */
  workerPort(): WorkerPort;
  /** Bytes of memory that this process had at most (its resident set); undefined in a browser, in Deno and in Bun. */
  peakMemory(): number | undefined;
  /** Processors that this process may use. */
  processors(): number;
  /** Why the engine cannot be asked to pack vectors to 256 bits; undefined where it may be tried. */
  whyNot256(): string | undefined;
  /** Compiles; where the runtime has no flags to set, as it likes. Blocks: for workers. */
  compileWasm(bytes: Uint8Array<ArrayBuffer>, options: CompileOptions): WebAssembly.Module;
}
