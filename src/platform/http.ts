/**
 * HTTP as both runtimes share it: one exchange with a limit on silence, failures in words, and which of them are worth another try. The request
 * itself is the runtime's (`request` of the platform), which knows its proxies.
 */
import { OptionError, ResidualError } from "../errors.ts";
import { messageOf } from "./byte-source.ts";

/** Sends a GET; rejects where no answer came. `url` has no user and password. */
export type Request = (url: URL, init: RequestHead) => Promise<Response>;

export interface RequestHead {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Whether a browser may take it from its own cache, or put it there. */
  readonly cache: "default" | "no-store";
}

/** How long is waited, in milliseconds, and how often is tried. Tests give others. */
export interface HttpTiming {
  /** Silence after which a connection counts as dropped. */
  readonly stall: number;
  /** Before the second try; doubled before each that follows. */
  readonly firstDelay: number;
  /** Longest wait before a try, also where the server asks for another (Retry-After): a longer one is a failure. */
  readonly longestDelay: number;
  /** Tries without a mebibyte gained. */
  readonly tries: number;
}

export const httpTiming: HttpTiming = { stall: 30_000, firstDelay: 500, longestDelay: 60_000, tries: 6 };

/** Whether a failure passes: `later` where another try makes sense, `once-answered` only where the server has been heard of. */
type Passing = "never" | "later" | "once-answered";

/** What went wrong between us and a server; the message has no address in it. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly passing: Passing;
  /** The status, where there was an answer. */
  readonly status: number | undefined;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined;
  constructor(message: string, passing: Passing, more: { status?: number; retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.passing = passing;
    this.status = more.status;
    this.retryAfter = more.retryAfter;
  }
}

export interface ExchangeOptions {
  readonly request: Request;
  readonly timing: HttpTiming;
  readonly signal?: AbortSignal;
  /** `no-store` unless told: a browser's cache would keep large files twice, mend ranges by its own rules, and let them wait for one another. */
  readonly cache?: RequestHead["cache"];
}

/** An answer, and its body piece by piece. */
export interface Answer {
  readonly response: Response;
  chunks(): AsyncGenerator<Uint8Array>;
}

/**
 * One request and its answer, which `use` reads as far as it likes. Rejects with HttpFailure where the network or the server fails, the
 * signal's reason, or what `use` throws.
 */
export async function exchange<T>(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { request, timing, signal, cache = "no-store" }: ExchangeOptions,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const { target, authorization } = withoutUser(url);
  /** Waits for the network: never longer than a stall, whatever the runtime's own limits. */
  const heard = async <A>(waiting: Promise<A>, passing: Passing): Promise<A> => {
    let stalled = false;
    const timer = setTimeout(() => {
      stalled = true;
      controller.abort();
    }, timing.stall);
    try {
      return await waiting;
    } catch (cause) {
      signal?.throwIfAborted();
      if (stalled) throw new HttpFailure(`nothing came for ${timing.stall / 1000} s`, "later", { cause });
      if (cause instanceof ResidualError || cause instanceof HttpFailure) throw cause;
      throw networkFailure(cause, passing);
    } finally {
      clearTimeout(timer);
    }
  };
  async function* chunks(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
    if (!body) return;
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await heard(reader.read(), "later");
      if (done) return;
      yield value;
    }
  }
  try {
    const init = { headers: { ...authorization, ...headers }, signal: controller.signal, cache };
    const response = await heard(request(target, init), "once-answered");
    if (url.protocol === "https:" && response.url.startsWith("http:"))
      throw new HttpFailure(
        `the server leads from https to ${new URL(response.url).origin}, which is not safe`,
        "never",
      );
    return await use({ response, chunks: () => chunks(response.body) });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    controller.abort(); // ends a body that nobody reads
  }
}

/** What a try tells: that the server was heard of, and how many bytes it gained. */
export interface Gain {
  gained(bytes: number): void;
}

/** Tries until it works, until a failure that does not pass, or until `tries` of them gained less than a mebibyte. */
export async function withTries<T>(
  work: (gain: Gain) => Promise<T>,
  options: {
    readonly timing: HttpTiming;
    readonly signal?: AbortSignal;
    onRetry?(failure: HttpFailure, wait: number): void;
  },
): Promise<T> {
  const { timing, signal, onRetry } = options;
  let failures = 0;
  let answered = false;
  let gain = 0;
  const gained = (bytes: number): void => {
    answered = true;
    gain += bytes;
  };
  for (;;) {
    try {
      return await work({ gained });
    } catch (failure) {
      if (!(failure instanceof HttpFailure)) throw failure;
      if (gain >= 2 ** 20) failures = gain = 0;
      failures++;
      answered ||= failure.status !== undefined;
      const passes = failure.passing === "later" || (failure.passing === "once-answered" && answered);
      if (!passes) throw failure;
      if (failures >= timing.tries)
        throw new HttpFailure(`${failure.message}, ${failures} times`, "never", { cause: failure });
      const wait = failure.retryAfter ?? Math.min(timing.firstDelay * 2 ** (failures - 1), timing.longestDelay);
      if (wait > timing.longestDelay)
        throw new HttpFailure(`${failure.message}, and asks to wait ${Math.ceil(wait / 1000)} s`, "never", {
          cause: failure,
        });
      onRetry?.(failure, wait);
      await pause(wait * (failure.retryAfter === undefined ? 0.75 + Math.random() / 2 : 1), signal);
    }
  }
}

/** Resolves after some milliseconds; rejects with the signal's reason as soon as that is aborted. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** What an answer other than the wanted ones means. */
export function statusFailure(response: Response): HttpFailure {
  const { status, statusText } = response;
  const said = `the server answered ${status} ${statusText}`.trimEnd();
  const passing = status === 408 || status === 425 || status === 429 || status >= 500 ? "later" : "never";
  const advice =
    status === 407 ? ": the proxy wants a user and password (HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT)" : "";
  return new HttpFailure(said + advice, passing, {
    status,
    retryAfter: retryAfter(response.headers.get("retry-after")),
  });
}

/** `Retry-After`: seconds, or a date. */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** `bytes 0-99/1000`, `bytes *\/1000`; parts that are not told are undefined. */
export interface ContentRange {
  readonly start?: number;
  readonly end?: number;
  readonly total?: number;
}

export function contentRange(response: Response): ContentRange | undefined {
  const found = /^\s*bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)\s*$/i.exec(
    response.headers.get("content-range") ?? "",
  );
  if (!found) return undefined;
  const [start, end, total] = found.slice(1).map((digits) => (digits === undefined ? undefined : Number(digits)));
  return { start, end, total };
}

/** The body's length as the server says it; undefined where it does not, or where the body comes compressed. */
export function contentLength(response: Response): number | undefined {
  const text = response.headers.get("content-length");
  const coding = response.headers.get("content-encoding");
  if (text === null || !/^\d{1,15}$/.test(text) || (coding !== null && coding !== "identity")) return undefined;
  return Number(text);
}

/** What changes when the file does: a strong ETag, else the date; undefined where the server tells neither. */
export function validatorOf(response: Response): string | undefined {
  const etag = response.headers.get("etag");
  if (etag?.startsWith('"')) return etag;
  return response.headers.get("last-modified") ?? undefined;
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:";
}

/** Only http: and https: are fetched. Throws OptionError, naming `what`. */
export function checkHttpUrl(what: string, url: URL): URL {
  if (isHttp(url)) return url;
  throw new OptionError(`${what}: ${url.protocol} addresses are not fetched; use https: or http:`);
}

/** An address as messages show it: no user, no password. */
export function shownUrl(url: URL): string {
  return withoutUser(url).target.href;
}

function withoutUser(url: URL): { target: URL; authorization: Record<string, string> } {
  if (url.username === "" && url.password === "") return { target: url, authorization: {} };
  const target = new URL(url);
  target.username = target.password = "";
  const bytes = new TextEncoder().encode(`${unescaped(target, url.username)}:${unescaped(target, url.password)}`);
  return { target, authorization: { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` } };
}

/** A user or password, which a URL holds escaped; which of the two is wrong is not said, and neither is shown. */
function unescaped({ href }: URL, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new OptionError(`${href}: its user or password has a % that escapes nothing; write %25 for it`, { cause });
  }
}

/** Codes of connections that broke, where another try makes sense; of others, such as an unknown host, the caller says whether it does. */
const broken = /^(ECONNRESET|EPIPE|ETIMEDOUT|UND_ERR_(SOCKET|\w*TIMEOUT)|ConnectionClosed)$/;

/** `fetch failed` says nothing; its cause has a code and a host. */
function networkFailure(error: unknown, passing: Passing): HttpFailure {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const { code, hostname } = cause as { code?: unknown; hostname?: unknown };
  const words = messageOf(cause) || String(code);
  const known = typeof code === "string" ? `${code}${typeof hostname === "string" ? ` ${hostname}` : ""}` : "";
  const said = known !== "" && !words.includes(String(code)) ? `${known}: ${words}` : words;
  const passes = typeof code === "string" && broken.test(code) ? "later" : passing;
  return new HttpFailure(`the connection failed: ${said}`, passes, { cause: error });
}
