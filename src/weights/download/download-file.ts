/**
 * Fetches one file into a store: resumed where it was begun, hashed while it comes, given its name when it is whole and right. Knows nothing of
 * networks; cached-weights.ts decides whether anything is fetched, and says what to do where it cannot be.
 */
import { request, sha256 } from "#platform";
import { FileError } from "../../platform/byte-source.ts";
import type { FileStore, PartialFile, Sha256 } from "../../platform/file-store.ts";
import {
  type Answer,
  contentLength,
  contentRange,
  exchange,
  type Gain,
  HttpFailure,
  type HttpTiming,
  httpTiming,
  shownUrl,
  statusFailure,
  validatorOf,
  withTries,
} from "../../platform/http.ts";
import { formatBytes } from "../../tensor/format-bytes.ts";
import type { DownloadProgress } from "./fetch-options.ts";
import { hasLengthOf, lengthInWords, longestOf, type RemoteFile } from "./remote-file.ts";

export interface DownloadOptions {
  readonly url: URL;
  readonly store: FileStore;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Told, in words, what a person would wonder about: waiting for another process, another try, a new beginning. */
  readonly onNotice: (notice: string) => void;
  readonly timing?: HttpTiming;
}

const progressEvery = 100;

/**
 * Fetches the file unless it is there (another process may have fetched it while this one waited). Throws FileError where the store or the
 * file is at fault, HttpFailure where the network or the server is, and the signal's reason; what has come stays for the next time, but for
 * a file of the wrong hash.
 */
export async function downloadFile(remote: RemoteFile, options: DownloadOptions): Promise<void> {
  const { store, signal, onNotice } = options;
  const { file } = remote;
  const lock = await store.lock(file, {
    signal,
    onWait: (who) => onNotice(`${file}: ${who} is downloading it; waiting for that`),
  });
  try {
    if ((await store.sizeOf(file)) !== undefined) return;
    const partial = await store.partial(file);
    try {
      await new Transfer(remote, partial, options).run();
      await lock.check();
      await partial.finish();
    } finally {
      await partial.close();
    }
  } finally {
    await lock.release();
  }
}

/** SHA-256 of a file in the store, in hexadecimal. */
export async function hashOf(
  file: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> },
  signal?: AbortSignal,
): Promise<string> {
  const hash = await sha256();
  await hashInto(hash, file, signal);
  return hash.digest();
}

async function hashInto(
  hash: Sha256,
  { size, read }: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> },
  signal: AbortSignal | undefined,
): Promise<void> {
  const step = 2 ** 18; // in a browser a few milliseconds
  for (let at = 0; at < size; at += step) {
    signal?.throwIfAborted();
    hash.update(await read(at, Math.min(step, size - at)));
  }
}

/** What an earlier answer told of the file, kept beside its beginning. */
interface Note {
  readonly url: string;
  readonly validator?: string;
}

/** One download: its beginning on disk, the hash so far, and what the server said. */
class Transfer {
  private readonly remote: RemoteFile;
  private readonly partial: PartialFile;
  private readonly options: DownloadOptions;
  private readonly address: string;
  private hash: Sha256 | undefined;
  private total: number | undefined;
  private restarts = 0;
  /** Whether bytes of an earlier process are among those that are hashed. */
  private inherited = false;
  private lastProgress = Number.NEGATIVE_INFINITY;

  constructor(remote: RemoteFile, partial: PartialFile, options: DownloadOptions) {
    this.remote = remote;
    this.partial = partial;
    this.options = options;
    this.address = shownUrl(options.url);
  }

  async run(): Promise<void> {
    const { timing = httpTiming, signal, onNotice } = this.options;
    await this.takeUp();
    for (;;) {
      await withTries((gain) => this.attempt(gain, timing), {
        ...{ timing, signal },
        onRetry: ({ message }, wait) => {
          this.progress(true);
          if (wait > 0) onNotice(`${this.remote.file}: ${message}; trying again in ${(wait / 1000).toFixed(1)} s`);
        },
      });
      this.progress(true);
      const got = this.hash!.digest();
      if (got.startsWith(this.remote.sha256)) return;
      const inherited = this.inherited;
      await this.restart();
      const wrong = `its SHA-256 is ${got}, expected ${this.remote.sha256}${this.remote.sha256.length < 64 ? "…" : ""}`;
      if (!inherited)
        throw new HttpFailure(`what came from ${this.address} is not the file: ${wrong}; it was thrown away`, "never");
      onNotice(`${this.remote.file}: ${wrong}, with a beginning from an earlier time; downloading it anew`);
    }
  }

  /** What an earlier process left. */
  private async takeUp(): Promise<void> {
    const { file } = this.remote;
    if (this.partial.size > 0 && this.partial.size > longestOf(this.remote)) {
      this.options.onNotice(`${file}: its beginning is longer than the file; downloading it anew`);
      await this.partial.restart();
    }
    this.hash = await sha256();
    if (this.partial.size === 0) return;
    await hashInto(this.hash, this.partial, this.options.signal);
    this.inherited = true;
    this.options.onNotice(`${file}: going on after the ${formatBytes(this.partial.size)} that are here already`);
  }

  private async restart(): Promise<void> {
    await this.partial.restart();
    this.hash = await sha256();
    this.inherited = false;
    this.total = undefined;
  }

  private async attempt(gain: Gain, timing: HttpTiming): Promise<void> {
    const { signal, url } = this.options;
    const have = this.partial.size;
    if (have > 0 && (have === this.total || have === this.remote.bytes)) return;
    const headers: Record<string, string> = {};
    if (have > 0) headers.range = `bytes=${have}-`;
    const note = have > 0 ? this.noted() : undefined;
    if (note?.validator !== undefined) headers["if-range"] = note.validator;
    await exchange(url, headers, { request, timing, signal }, (answer) => this.take(answer, have, note, gain));
  }

  private async take(answer: Answer, have: number, note: Note | undefined, gain: Gain): Promise<void> {
    const { response } = answer;
    const range = contentRange(response);
    if (response.status === 416 && have > 0) {
      if (range?.total === have) return; // it was whole
      return this.beginAnew("the server has fewer bytes of it than are here");
    }
    if (response.status !== 200 && !(response.status === 206 && have > 0)) throw statusFailure(response);
    this.checkKind(response);
    gain.gained(0);
    if (response.status === 206) {
      const validator = validatorOf(response);
      const changed = note?.validator !== undefined && validator !== undefined && validator !== note.validator;
      if (changed) return this.beginAnew("it changed on the server");
      if (range?.start !== undefined && range.start !== have)
        throw new HttpFailure(`the server answered another range (${response.headers.get("content-range")})`, "never");
    } else if (have > 0) {
      const same = note?.validator !== undefined && note.validator === validatorOf(response);
      const why =
        same || note?.validator === undefined ? "the server cannot go on in the middle" : "it changed on the server";
      this.options.onNotice(`${this.remote.file}: ${why}; downloading it anew`);
      await this.countedRestart(why);
    }
    const from = this.partial.size;
    const length = contentLength(response);
    const total = range?.total ?? (length === undefined ? undefined : from + length);
    await this.expect(total, from);
    this.total = total;
    const validator = validatorOf(response);
    await this.partial.annotate(
      JSON.stringify({ url: this.address, ...(validator === undefined ? {} : { validator }) }),
    );
    await this.receive(answer, gain);
  }

  /** Restarts, and asks again in the next try. */
  private async beginAnew(why: string): Promise<never> {
    this.options.onNotice(`${this.remote.file}: ${why}; downloading it anew`);
    await this.countedRestart(why);
    throw new HttpFailure(why, "later", { retryAfter: 0 });
  }

  private async countedRestart(why: string): Promise<void> {
    if (++this.restarts > 3) throw new HttpFailure(`${why}, and did so ${this.restarts} times`, "never");
    await this.restart();
  }

  /** A page of a login or a proxy is told by its kind, before a byte of it is kept. */
  private checkKind(response: Response): void {
    const kind = response.headers.get("content-type") ?? "";
    if (!/^text\/html\b/i.test(kind)) return;
    throw new HttpFailure(
      "the server answered with a web page, not with the file: is there a login, or a proxy's notice?",
      "never",
    );
  }

  private async expect(total: number | undefined, have: number): Promise<void> {
    if (total === undefined) return;
    if (!hasLengthOf(this.remote, total))
      throw new HttpFailure(
        `the server's file has ${total} bytes, expected ${lengthInWords(this.remote)}: it is another one`,
        "never",
      );
    const free = await this.options.store.free();
    if (free !== undefined && free < total - have)
      throw new FileError(
        "not-writable",
        `${this.options.store.place}: has ${formatBytes(free)} left, and ${formatBytes(total - have)} are needed`,
      );
  }

  private async receive({ chunks }: Answer, gain: Gain): Promise<void> {
    const { total, partial } = this;
    const most = total ?? longestOf(this.remote);
    this.progress(false);
    for await (const chunk of chunks()) {
      if (partial.size + chunk.length > most)
        throw new HttpFailure(`the server sent more than the ${most} bytes of the file`, "never");
      this.hash!.update(chunk);
      await partial.append(chunk);
      gain.gained(chunk.length);
      this.progress(false);
    }
    if (total !== undefined && partial.size < total)
      throw new HttpFailure(`the connection ended after ${partial.size} of ${total} bytes`, "later");
    // A body without a length ends where the connection does: whether it is whole, its length tells.
    if (total === undefined && !hasLengthOf(this.remote, partial.size))
      throw new HttpFailure(
        `the server ended after ${partial.size} bytes, expected ${lengthInWords(this.remote)}`,
        "later",
      );
  }

  /** What the server said of the bytes that are here; nothing where they came from another address. */
  private noted(): Note | undefined {
    try {
      const note: Partial<Note> = JSON.parse(this.partial.note ?? "{}");
      if (note.url !== this.address) return undefined;
      return { url: note.url, validator: typeof note.validator === "string" ? note.validator : undefined };
    } catch {
      return undefined; // cut short: the hash judges
    }
  }

  private progress(always: boolean): void {
    const now = performance.now();
    const received = this.partial.size;
    if (!always && received > 0 && now - this.lastProgress < progressEvery) return;
    this.lastProgress = now;
    this.options.onProgress?.({ file: this.remote.file, received, total: this.total ?? this.remote.bytes });
  }
}
