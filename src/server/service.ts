/** What the faces of the service share, and what a request carries with it. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Logger } from "pino";
import type { ResidualError } from "../errors.ts";
import type { LateImage } from "../model/decode-in-pool.ts";
import type { ImageSource } from "../model/image-source.ts";
import type { Admission, Call } from "./admission.ts";
import type { ApiKeys } from "./api-keys.ts";
import { pathOfUrl, shown } from "./data-path.ts";
import type { DataStore } from "./data-store.ts";
import { fetchImage } from "./fetch-image.ts";
import { HttpError } from "./http-error.ts";
import type { ImageBatcher } from "./image-batcher.ts";
import { bodiesAtOnce, type ServerLimits } from "./limits.ts";
import type { ModelCache } from "./model-cache.ts";
import type { BodyBudget, BodyLimits } from "./request-body.ts";
import type { RequestTarget } from "./request-target.ts";
import type { ServerMetrics } from "./server-metrics.ts";

export interface Service {
  readonly keys: ApiKeys;
  readonly store: DataStore;
  readonly models: ModelCache;
  readonly batcher: ImageBatcher;
  readonly admission: Admission;
  readonly bodies: BodyBudget;
  readonly limits: ServerLimits;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
  /** Whether images may be named by http(s) addresses. */
  readonly allowHttp: boolean;
  /** Other names of the algorithm, `user/name`. */
  readonly aliases: readonly string[];
  /** Whether what was to be loaded ahead is there. */
  isReady(): boolean;
}

export interface AppEnv {
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    target: RequestTarget;
    log: Logger;
  };
}

export type AppContext = Context<AppEnv>;

/** Whose request it is. Throws HttpError 401. */
export function userOf(c: AppContext, { keys }: Service): string {
  return keys.userOf(c.req.header("authorization"));
}

/** Lets a request in. Throws HttpError 503. */
export function admit(c: AppContext, service: Service, seconds = service.limits.timeout): Call {
  return service.admission.admit({ seconds, caller: c.req.raw.signal });
}

export function inlineLimits({ limits }: Service, { signal }: Call): BodyLimits {
  return { signal, most: limits.bodyBytes, seconds: limits.bodySeconds, option: "--max-body" };
}

export function bodyBudgetBytes(limits: ServerLimits): number {
  return limits.bodyBytes * bodiesAtOnce;
}

/** Images of one request that are under way at once: two batches keep the threads and the network busy. */
export function aheadOf({ limits }: Service): number {
  return 2 * limits.batch;
}

/**
 * Where a caller's address leads: `data://` into the store, `http(s)://` to the web where that is allowed, anything else nowhere. What is wrong
 * with the address is said at once (HttpError 400); that nothing can be read there is the image's own error, later.
 */
export function sourceOf(
  service: Service,
  address: string,
  user: string,
  signal: AbortSignal,
): () => Promise<ImageSource | LateImage> {
  const { store, limits, allowHttp } = service;
  if (/^https?:/i.test(address)) {
    if (!allowHttp)
      throw new HttpError(
        400,
        "bad-address",
        `${shown(address)}: this server fetches no addresses (its operator may: --allow-http)`,
      );
    return () => fetchImage(address, { most: limits.bodyBytes, signal }); // it waits in memory, as what came in a request does
  }
  if (!address.startsWith("data://"))
    throw new HttpError(
      400,
      "bad-address",
      `${shown(address)}: images are named by data:// addresses, such as data://.my/photos/a.jpg`,
    );
  const path = pathOfUrl(address, user);
  return async () => () => store.readFile(path, limits.fileBytes);
}

/** For the count of images. */
export function imageCounter({ metrics }: Service, depth: number): (error: ResidualError | undefined) => void {
  return (error) => metrics.images.inc({ depth, outcome: error ? "error" : "done" });
}
