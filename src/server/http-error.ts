/** What a request may end with, whichever face answers it: one table from the library's errors to HTTP's words. */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { DeviceError, ImageError, OptionError, ResidualError, WeightError } from "../errors.ts";
import { FileError } from "../platform/byte-source.ts";

/** An error of the service itself, with the status that it is answered with. Its message is for the caller: no path of this machine in it. */
export class HttpError extends ResidualError {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message, options);
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** Seconds after which a caller who was refused for want of room is told to come again. */
export const retrySeconds = 1;

/** 503 with Retry-After: the server could do this, but not now. */
export function busy(code: string, message: string, seconds = retrySeconds, options?: ErrorOptions): HttpError {
  return new HttpError(503, code, message, { ...options, headers: { "Retry-After": String(seconds) } });
}

/** What a request was aborted with when its caller went away: nobody reads the answer. */
export class CallerGone extends Error {
  override readonly name = "CallerGone";
  constructor() {
    super("the caller went away");
  }
}

/**
 * The error as it is told to the caller. Faults of ours, and whatever may name a path of this machine, become words that say nothing of it;
 * the log has them.
 */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const options = { cause: error };
  if (error instanceof CallerGone) return new HttpError(400, "gone", error.message, options);
  if (error instanceof ImageError) return new HttpError(422, error.code, error.message, options);
  if (error instanceof OptionError) return new HttpError(400, error.code, error.message, options);
  if (error instanceof WeightError && error.code === "weights-not-finite")
    return busy("weights-not-finite", "this network's weights make vectors that are not finite", 60, options);
  if (error instanceof WeightError)
    return busy(
      "weights",
      "this network's weights cannot be had here; the server's operator can name them",
      60,
      options,
    );
  if (error instanceof DeviceError) return busy("device", "the device that runs the network failed", 5, options);
  if (error instanceof FileError)
    return busy("store", "the store cannot be used; the server's log says why", 60, options);
  return new HttpError(500, "fault", "a fault in the server; its log has it under this request's id", options);
}

/** Whether an error is worth a line of the log at the level of errors: what no caller can be blamed for. */
export function isOurs(error: HttpError): boolean {
  return error.status >= 500 && error.code !== "busy" && error.code !== "stopping" && error.code !== "timeout";
}
