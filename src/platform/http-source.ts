/**
 * Ranged reads of a file behind http: or https:, and whole reads of one. A file that changes while it is read is an error. Small
 * reads share blocks of some mebibytes, also those that overlap in time, so that a thousand small tensors are not a thousand requests.
 */
import { allocate, bytesSource, checkBeside, checkRange, FileError } from "./byte-source.ts";
import {
  type Answer,
  checkHttpUrl,
  contentLength,
  contentRange,
  exchange,
  HttpFailure,
  type HttpTiming,
  httpTiming,
  type Request,
  shownUrl,
  statusFailure,
  validatorOf,
  withTries,
} from "./http.ts";
import type { ByteSource } from "./sources.ts";

export interface HttpSourceOptions {
  readonly request: Request;
  readonly timing?: HttpTiming;
  /** The most bytes that are kept in memory of a server that does not give ranges. */
  readonly most?: number;
  /** Ends the opening; `close` ends what comes after. */
  readonly signal?: AbortSignal;
}

/** A gibibyte: four times the largest of torchvision's files, and a size that an engine still has at once. */
const mostAtOnce = 2 ** 30;

/** First request: enough for the head of most weight files. */
const headBytes = 2 ** 16;
const blockBytes = 2 ** 21;
/** The blocks that are kept: 32 MiB. */
const blocksKept = 16;

/**
 * Opens by one request for the first bytes. A server that answers with the whole file is read whole, up to `most` bytes. Throws FileError,
 * whose message starts with the address.
 */
export async function openHttp(url: URL, options: HttpSourceOptions): Promise<ByteSource> {
  const name = shownUrl(checkHttpUrl(shownUrl(url), url));
  const { request, timing = httpTiming, most = mostAtOnce, signal } = options;
  const range = { range: `bytes=0-${headBytes - 1}` };
  const first = await asFileError(name, () =>
    withTries(
      (gain) =>
        exchange(url, range, { request, timing, signal }, (answer) => openingOf(name, answer, most, gain.gained)),
      { timing, signal },
    ),
  );
  const beside = async (path: string): Promise<ByteSource> => {
    checkBeside(name, path);
    const { signal: _, ...others } = options; // it was of this file's opening
    return openHttp(new URL(path.split("/").map(encodeURIComponent).join("/"), url), others);
  };
  if (first.whole) return { ...bytesSource(first.head, name), beside };
  const { head, size, validator } = first;
  let open = true;
  const closing = new AbortController();

  const fetchRange = (offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> =>
    asFileError(name, () =>
      withTries(
        (gain) =>
          exchange(
            url,
            { range: `bytes=${offset}-${offset + length - 1}` },
            { request, timing, signal: closing.signal },
            async (answer) => {
              checkSame(answer.response, { offset, length, size, validator });
              return bodyOf(name, answer, length, gain.gained);
            },
          ),
        { timing, signal: closing.signal },
      ),
    );

  /** By number, those used longest ago first; under way or there. */
  const blocks = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  const blockAt = (number: number): Promise<Uint8Array<ArrayBuffer>> => {
    const offset = number * blockBytes;
    const block = blocks.get(number) ?? fetchRange(offset, Math.min(blockBytes, size - offset));
    blocks.delete(number);
    blocks.set(number, block);
    block.catch(() => blocks.get(number) === block && blocks.delete(number)); // the next read tries anew
    if (blocks.size > blocksKept) blocks.delete(blocks.keys().next().value!);
    return block;
  };

  return {
    name,
    size,
    async read(offset, length) {
      checkRange(name, size, offset, length, open);
      if (length === 0) return allocate(name, 0);
      if (offset + length <= head.length) return head.slice(offset, offset + length);
      if (length >= blockBytes) return fetchRange(offset, length);
      const [from, to] = [Math.floor(offset / blockBytes), Math.floor((offset + length - 1) / blockBytes)];
      const bytes = allocate(name, length);
      const parts = await Promise.all(from === to ? [blockAt(from)] : [blockAt(from), blockAt(to)]);
      for (const [i, part] of parts.entries()) {
        const at = (from + i) * blockBytes;
        bytes.set(part.subarray(Math.max(0, offset - at), offset + length - at), Math.max(0, at - offset));
      }
      return bytes;
    },
    beside,
    async close() {
      open = false;
      closing.abort(new FileError("not-readable", `${name}: was closed while it was being read`));
      blocks.clear();
    },
  };
}

/** The whole file. Throws as openHttp, and where it has more than `most` bytes. */
export async function readHttp(url: URL, options: HttpSourceOptions): Promise<Uint8Array<ArrayBuffer>> {
  const name = shownUrl(checkHttpUrl(shownUrl(url), url));
  const { request, timing = httpTiming, most = mostAtOnce } = options;
  return asFileError(name, () =>
    withTries(
      (gain) =>
        exchange(url, {}, { request, timing, cache: "default" }, async (answer) => {
          if (answer.response.status !== 200) throw statusFailure(answer.response);
          return wholeOf(name, answer, most, gain.gained);
        }),
      { timing },
    ),
  );
}

type Opening =
  | { readonly whole: true; readonly head: Uint8Array<ArrayBuffer> }
  | {
      readonly whole?: false;
      readonly head: Uint8Array<ArrayBuffer>;
      readonly size: number;
      readonly validator?: string;
    };

async function openingOf(
  name: string,
  answer: Answer,
  most: number,
  gained: (bytes: number) => void,
): Promise<Opening> {
  const { response } = answer;
  if (response.status === 416 && contentRange(response)?.total === 0) return { whole: true, head: new Uint8Array() };
  if (response.status === 200) return { whole: true, head: await wholeOf(name, answer, most, gained) };
  if (response.status !== 206) throw statusFailure(response);
  const range = contentRange(response);
  const size = range?.total;
  if (size === undefined || range?.start !== 0 || range.end !== Math.min(headBytes, size) - 1)
    throw new HttpFailure(
      size !== undefined
        ? `the server answered another range (${response.headers.get("content-range")})`
        : "the server gives ranges and does not say of how many bytes (Content-Range; between sites it must be exposed by Access-Control-Expose-Headers)",
      "never",
      { status: 206 },
    );
  const head = await bodyOf(name, answer, Math.min(headBytes, size), gained);
  return { head, size, validator: validatorOf(response) };
}

/** Throws unless an answer is the asked-for range of the file that was opened. */
function checkSame(
  response: Response,
  file: { readonly offset: number; readonly length: number; readonly size: number; readonly validator?: string },
): void {
  const { status } = response;
  const changed = new HttpFailure("the file changed while it was being read; open it anew", "never", { status });
  if (status === 416) throw changed; // shorter now
  if (status === 200)
    throw new HttpFailure("the server gave ranges and does so no more, or the file changed", "never", { status });
  if (status !== 206) throw statusFailure(response);
  const range = contentRange(response);
  if (validatorOf(response) !== file.validator || range?.total !== file.size) throw changed;
  if (range.start !== file.offset || range.end !== file.offset + file.length - 1)
    throw new HttpFailure(`the server answered another range (${response.headers.get("content-range")})`, "never", {
      status,
    });
}

/** Exactly `length` bytes of a body. */
async function bodyOf(
  name: string,
  { chunks }: Answer,
  length: number,
  gained: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = allocate(name, length);
  let got = 0;
  for await (const chunk of chunks()) {
    if (got + chunk.length > length)
      throw new HttpFailure(`the server sent more than the ${length} bytes that it announced`, "never");
    bytes.set(chunk, got);
    got += chunk.length;
    gained(chunk.length);
  }
  if (got < length) throw new HttpFailure(`the connection ended after ${got} of ${length} bytes`, "later");
  return bytes;
}

/** A whole body, of a length that the server may not know. */
async function wholeOf(
  name: string,
  answer: Answer,
  most: number,
  gained: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = contentLength(answer.response);
  const tooLarge = (bytes: string) =>
    new FileError(
      "too-large",
      `${name}: the server gives no ranges of it, and ${bytes} are too many at once (the most is ${most}); download it and name the file`,
    );
  if (length !== undefined && length > most) throw tooLarge(`${length} bytes`);
  if (length !== undefined) return bodyOf(name, answer, length, gained);
  const parts: Uint8Array[] = [];
  let got = 0;
  for await (const chunk of answer.chunks()) {
    got += chunk.length;
    if (got > most) throw tooLarge(`more than ${most} bytes`);
    parts.push(chunk);
    gained(chunk.length);
  }
  const bytes = allocate(name, got);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function asFileError<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof HttpFailure)) throw cause;
    const code = cause.status === 404 || cause.status === 410 ? "not-found" : "not-readable";
    throw new FileError(code, `${name}: ${cause.message}`, { cause });
  }
}
