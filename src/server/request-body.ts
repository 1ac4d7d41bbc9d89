/**
 * A request's body, read within bounds: refused by its declared size before a byte is read, by its real size as it comes, and where it comes
 * too slowly. Bodies that are held in memory share one budget.
 */
import { formatBytes } from "../tensor/format-bytes.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { busy, CallerGone, HttpError } from "./http-error.ts";
import { slowestBody } from "./limits.ts";

export interface BodyLimits {
  readonly most: number;
  /** Seconds that any body is given; longer ones come at `slowestBody` at least. */
  readonly seconds: number;
  /** The option that sets `most`, for the message. */
  readonly option: string;
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal;
}

/** Throws HttpError 413 or 415 for what the headers alone show to be wrong. */
export function checkBodyHeaders(request: Request, { most, option }: BodyLimits): void {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity")
    throw new HttpError(
      415,
      "encoding",
      `content-encoding ${JSON.stringify(encoding)}: bodies are taken as they are, not compressed`,
    );
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > most) throw tooLarge(most, option);
}

function tooLarge(most: number, option: string): HttpError {
  return new HttpError(
    413,
    "too-large",
    `the body has more than ${formatBytes(most)}, the most that is taken here (${option})`,
  );
}

/** The body's pieces. Throws HttpError 413 and 408, CallerGone, the signal's reason. A body that is refused is not read on: whoever serves the socket drops it. */
export async function* bodyChunks(request: Request, limits: BodyLimits): AsyncGenerator<Uint8Array, void, undefined> {
  checkBodyHeaders(request, limits);
  if (!request.body) return;
  const reader = request.body.getReader();
  const begin = performance.now();
  let received = 0;
  try {
    for (;;) {
      const deadline = begin + 1000 * Math.max(limits.seconds, received / slowestBody);
      const { done, value } = await untilAborted(withinTime(readFrom(reader), deadline), limits.signal);
      if (done) return;
      received += value.length;
      if (received > limits.most) throw tooLarge(limits.most, limits.option);
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

async function readFrom(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ done: true; value?: undefined } | { done: false; value: Uint8Array }> {
  try {
    const { done, value } = await reader.read();
    return done ? { done } : { done, value };
  } catch {
    throw new CallerGone(); // the connection broke
  }
}

async function withinTime<T>(promise: Promise<T>, deadline: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const slow = (): void =>
      reject(
        new HttpError(408, "slow", "the body came too slowly, or not at all", { headers: { Connection: "close" } }),
      );
    timer = setTimeout(slow, Math.max(0, deadline - performance.now()));
  });
  promise.catch(() => undefined); // of a body that nobody waits for any more
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The bytes of all bodies that are in memory. */
export class BodyBudget {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get held(): number {
    return this.#held;
  }

  /** The whole body, and `release` for when it is no longer needed. Throws as bodyChunks, and HttpError 503 where too many are held. */
  async read(request: Request, limits: BodyLimits): Promise<{ bytes: Uint8Array<ArrayBuffer>; release: () => void }> {
    let held = 0;
    const release = (): void => {
      this.#held -= held;
      held = 0;
    };
    // One array that grows, not a list of chunks: a caller may send a byte a chunk, and each would cost a hundred.
    let bytes = new Uint8Array(2 ** 16);
    try {
      for await (const chunk of bodyChunks(request, limits)) {
        if (this.#held + chunk.length > this.#most)
          throw busy("busy", "too many bodies at once; come again in a moment");
        if (held + chunk.length > bytes.length) {
          const larger = new Uint8Array(Math.max(2 * bytes.length, held + chunk.length));
          larger.set(bytes.subarray(0, held));
          bytes = larger;
        }
        bytes.set(chunk, held);
        this.#held += chunk.length;
        held += chunk.length;
      }
      return { bytes: bytes.subarray(0, held), release };
    } catch (error) {
      release();
      throw error;
    }
  }
}
