/** Who is let in: so many requests at once, each with a signal that ends it at its time, when its caller goes away, or with the server. */
import { busy, CallerGone, type HttpError } from "./http-error.ts";

/** A request that was let in. */
export interface Call {
  readonly signal: AbortSignal;
  /** To be called once, when the answer is out or will never be. */
  end(): void;
}

export interface CallOptions {
  readonly seconds: number;
  /** Aborted when the caller goes away; absent for what nobody waits for. */
  readonly caller?: AbortSignal;
}

export class Admission {
  readonly #most: number;
  readonly #calls = new Set<AbortController>();
  #stopping = false;
  #idle: () => void = () => undefined;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#calls.size;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Throws HttpError 503 with Retry-After where there is no room, or the server is about to stop. */
  admit({ seconds, caller }: CallOptions): Call {
    if (this.#stopping) throw stoppingError();
    if (this.#calls.size >= this.#most)
      throw busy("busy", `${this.#most} requests are under way; come again in a moment`);
    const abort = new AbortController();
    this.#calls.add(abort);
    const gone = (): void => abort.abort(new CallerGone());
    const timer = setTimeout(() => abort.abort(timeoutError(seconds)), seconds * 1000);
    timer.unref();
    caller?.addEventListener("abort", gone, { once: true });
    if (caller?.aborted) gone();
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      caller?.removeEventListener("abort", gone);
      this.#calls.delete(abort);
      if (this.#calls.size === 0) this.#idle();
    };
    return { signal: abort.signal, end };
  }

  /** Lets nobody in any more; resolves when all are done. Those that are not after `seconds` are ended. */
  async stop(seconds: number): Promise<void> {
    this.#stopping = true;
    if (this.#calls.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const timer = setTimeout(() => {
      for (const call of this.#calls) call.abort(stoppingError());
    }, seconds * 1000);
    await idle;
    clearTimeout(timer);
  }
}

function stoppingError(): HttpError {
  return busy("stopping", "the server is about to stop", 5);
}

function timeoutError(seconds: number): HttpError {
  return busy("timeout", `not done within ${seconds} s; ask for fewer images at once, or for more time`);
}
