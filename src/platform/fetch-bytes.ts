/**
 * What an address gives, whole and bounded: for images; http:, https: and data:. The same in every runtime, whose `request` it is given.
 * Weights, which are large and read in ranges, have their own way.
 */
import { FileError, messageOf } from "./byte-source.ts";
import type { Request } from "./http.ts";

/** Bounds of one answer, so that no server can fill the memory or hold a run for ever. */
export interface FetchBounds {
  /** Bytes of the body at most. */
  readonly most: number;
  /** Milliseconds from the question to the last byte. */
  readonly milliseconds: number;
  readonly signal?: AbortSignal;
  /** What messages call it; the address unless told. */
  readonly name?: string;
}

/**
 * The body of an address, redirects followed (20 of them, by the runtime). Throws FileError: not-found for 404 and 410, too-large,
 * not-readable for all else; the signal's reason when aborted.
 */
export async function fetchBounded(
  request: Request,
  url: string,
  bounds: FetchBounds,
): Promise<Uint8Array<ArrayBuffer>> {
  const { most, milliseconds, signal, name = url } = bounds;
  const late = AbortSignal.timeout(milliseconds);
  try {
    const ends = signal ? AbortSignal.any([signal, late]) : late;
    const isData = /^data:/i.test(url); // holds the bytes itself: no server, no proxy
    const response = await (isData
      ? fetch(url, { signal: ends })
      : request(new URL(url), { headers: {}, signal: ends, cache: "default" }));
    if (!response.ok) {
      await response.body?.cancel();
      const code = response.status === 404 || response.status === 410 ? "not-found" : "not-readable";
      throw new FileError(code, `${name}: the server answered ${response.status} ${response.statusText}`.trimEnd());
    }
    const said = Number(response.headers.get("content-length") ?? 0);
    if (said > most) await response.body?.cancel();
    if (said > most) throw tooLarge(name, most);
    return await bodyOf(response, name, most);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof FileError) throw cause;
    if (late.aborted)
      throw new FileError("not-readable", `${name}: was not there whole after ${milliseconds / 1000} s`, { cause });
    throw new FileError("not-readable", `${name}: could not be fetched (${reasonOf(cause)})`, { cause });
  }
}

async function bodyOf(response: Response, name: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.value; next = await reader!.read()) {
    length += next.value.length;
    if (length > most) {
      await reader!.cancel();
      throw tooLarge(name, most);
    }
    chunks.push(next.value);
  }
  return joinBytes(chunks, length);
}

/** One array of all chunks, `length` bytes together. */
export function joinBytes(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The innermost reason: fetch's own message is "fetch failed". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause && cause.message === "") return String(cause.code);
  return cause instanceof Error ? messageOf(cause) : messageOf(error);
}

function tooLarge(name: string, most: number): FileError {
  return new FileError("too-large", `${name}: is larger than ${most} bytes, and an image is expected`);
}
