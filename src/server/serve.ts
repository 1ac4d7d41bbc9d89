/** The service on a socket: from options to a server that listens, and its end in order. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { processors } from "#platform";
import { OptionError } from "../errors.ts";
import { workerPool } from "../platform/worker-pool.ts";
import { Admission } from "./admission.ts";
import type { ApiKeys } from "./api-keys.ts";
import { createApp, problemOf } from "./app.ts";
import type { DataStore } from "./data-store.ts";
import { HttpError } from "./http-error.ts";
import { ImageBatcher } from "./image-batcher.ts";
import type { ServerLimits } from "./limits.ts";
import { ModelCache, type ModelLoader } from "./model-cache.ts";
import { BodyBudget } from "./request-body.ts";
import { ServerMetrics } from "./server-metrics.ts";
import { bodyBudgetBytes, type Service } from "./service.ts";

export interface ServiceOptions {
  readonly keys: ApiKeys;
  readonly store: DataStore;
  readonly loader: ModelLoader;
  readonly limits: ServerLimits;
  readonly log: Logger;
  readonly allowHttp?: boolean;
  readonly aliases?: readonly string[];
  /** Depths that are loaded ahead; until they are, `/readyz` says no. */
  readonly preload?: readonly number[];
  /** Threads that decode, and run WebAssembly; one a processor unless told. */
  readonly threads?: number;
}

export interface OpenService extends Service {
  /** Rejects where a network that was to be loaded ahead cannot be. */
  readonly preloaded: Promise<void>;
  /** Finishes what was let in, for so long as the limits say, and frees the networks. */
  close(): Promise<void>;
}

export function openService(options: ServiceOptions): OpenService {
  const { keys, store, loader, limits, log, allowHttp = false, aliases = [], preload = [], threads } = options;
  const metrics = new ServerMetrics();
  const models = new ModelCache(loader, limits.modelBytes, {
    onLoad: (depth, { weights, device }, seconds, bytes) => {
      metrics.loads.inc({ depth });
      log.info({ depth, weights, device, seconds, bytes }, "a network was loaded");
    },
    onEvict: (depth, bytes) => {
      metrics.evictions.inc({ depth });
      log.info({ depth, bytes }, "a network was let go of for want of room (--model-memory)");
    },
  });
  const batcher = new ImageBatcher(models, {
    ...{ batch: limits.batch, wait: limits.batchWait },
    onBatch: (depth, images, seconds) => {
      metrics.batch.observe({ depth }, images);
      metrics.run.observe({ depth }, seconds);
    },
  });
  const admission = new Admission(limits.requests);
  const bodies = new BodyBudget(bodyBudgetBytes(limits));
  metrics.observe({
    requests: () => admission.size,
    waiting: () => batcher.waiting,
    bodyBytes: () => bodies.held,
    modelBytes: () => models.bytes,
    models: () => models.depths.length,
  });
  workerPool.acquire(threads ?? processors()); // images are decoded while no network is loaded too
  let ready = preload.length === 0;
  const preloaded = (async () => {
    for (const depth of preload) await models.facts(depth);
    ready = true;
  })();
  preloaded.catch(() => undefined); // for those who do not wait for it
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await admission.stop(limits.graceSeconds);
    models.dispose();
    workerPool.release();
  };
  return {
    ...{ keys, store, models, batcher, admission, bodies, limits, metrics, log, allowHttp, aliases, preloaded },
    isReady: () => ready,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

export interface ListenOptions {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  readonly version: string;
}

export interface RunningServer {
  readonly port: number;
  /** No more connections; resolves when what was accepted is answered. */
  stop(): Promise<void>;
}

/** Sockets at once. */
const mostConnections = 1024;

/** Throws OptionError where the address cannot be had. */
export async function listen(service: OpenService, { host, port, version }: ListenOptions): Promise<RunningServer> {
  const app = createApp(service, { version });
  const listener = getRequestListener(
    (request, bindings) => app.fetch(request, "incoming" in bindings ? bindings : {}),
    {
      overrideGlobalObjects: false,
      autoCleanupIncoming: false, // see dropRest
      errorHandler: (error) => rejected(error),
    },
  );
  const server = createServer(
    // Slow heads end after 15 s, bodies by request-body.ts; the hour is for what nobody thought of.
    // A head without Host comes to our own refusal (rejected), which says what is wrong.
    {
      requireHostHeader: false,
      headersTimeout: 15_000,
      requestTimeout: 3_600_000,
      keepAliveTimeout: 10_000,
      connectionsCheckingInterval: 5_000,
    },
    (incoming: IncomingMessage, outgoing: ServerResponse) => {
      // A URL parser would make `/` of it; encoded it comes to our own check as what it is.
      incoming.url = incoming.url?.replaceAll("\\", "%5C");
      outgoing.once("finish", () => dropRest(incoming));
      void listener(incoming, outgoing);
    },
  );
  server.maxConnections = mostConnections;
  server.timeout = (service.limits.timeout + 60) * 1000; // of a socket on which nothing moves: a caller that does not read, or is gone without a word
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy();
    const [status, said] =
      error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "the request's head is too large"]
        : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? [408, "the request's head came too slowly"]
          : [400, "this is no valid HTTP/1.1 request"];
    const body = JSON.stringify(problemOf(new HttpError(status as 400, "http", said as string), ""));
    socket.end(
      `HTTP/1.1 ${status} Error\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
  await bind(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      const begin = performance.now();
      await service.close();
      // Files of the store may still be on their way to callers; what is not written by then belongs to some who do not read.
      const left = service.limits.graceSeconds * 1000 - (performance.now() - begin);
      const timer = setTimeout(() => server.closeAllConnections(), Math.max(writtenMilliseconds, left));
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await closed;
      clearInterval(idle);
      clearTimeout(timer);
    },
  };
}

/** Milliseconds that answers have at least to be written, when the server stops. */
const writtenMilliseconds = 2000;

/** Bytes and milliseconds of a refused body that are still taken. */
const restBytes = 64 * 2 ** 20;
const restMilliseconds = 10_000;

/**
 * What a caller still sends of a body whose answer is out. Most read the answer when they have sent all, and a connection that is closed over
 * unread bytes takes the answer with it: so the rest is taken and dropped, up to a bound.
 */
function dropRest(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  const close = (): void => void incoming.socket.destroySoon();
  const timer = setTimeout(close, restMilliseconds);
  timer.unref();
  let dropped = 0;
  incoming.removeAllListeners("data"); // of the stream that was read so far, and would hold the rest up
  incoming.on("data", (chunk: Uint8Array) => {
    dropped += chunk.length;
    if (dropped > restBytes) close();
  });
  incoming.once("close", () => clearTimeout(timer));
  incoming.once("end", () => clearTimeout(timer));
  incoming.resume();
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? "is taken by another program"
          : `cannot be listened on (${error.code ?? error.message})`;
      reject(new OptionError(`${host} port ${port} ${why}; name another by --port or --host`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

/** What never came to the application: a host or target that makes no URL. */
function rejected(error: unknown): Response {
  const told = new HttpError(400, "http", "the request's host or path is not valid", { cause: error });
  return new Response(JSON.stringify(problemOf(told, "")), {
    status: 400,
    headers: { "Content-Type": "application/problem+json", Connection: "close" },
  });
}
