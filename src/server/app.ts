/** The application: both faces and what is watched, behind one door that looks at targets, hosts and errors. No socket is needed to ask it. */
import { STATUS_CODES } from "node:http";
import { Hono } from "hono";
import { algorithmApi, errorBody } from "./algorithm-api.ts";
import { dataApi } from "./data-api.ts";
import { featureApi } from "./feature-api.ts";
import { CallerGone, HttpError } from "./http-error.ts";
import { openApi } from "./openapi.ts";
import { reportError, requestLog } from "./request-log.ts";
import { checkTarget, targetOf } from "./request-target.ts";
import type { AppContext, AppEnv, Service } from "./service.ts";

export interface AppOptions {
  readonly version: string;
}

export function createApp(service: Service, { version }: AppOptions): Hono<AppEnv> {
  // Routes are chosen by the target as it was sent: a leading `//` and an encoded `..` must not lead elsewhere than the check saw.
  const app = new Hono<AppEnv>({
    getPath: (request, options) => withoutLastSlashes(targetOf(request, options?.env).path),
  });
  app.use(requestLog(service));
  app.use(async (c, next) => {
    checkTarget(c.var.target);
    if (service.keys.isOpen) checkLocal(c);
    await next();
  });
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) => {
    if (service.admission.stopping) throw new HttpError(503, "stopping", "the server is about to stop");
    if (!service.isReady())
      throw new HttpError(503, "loading", "networks are being loaded", { headers: { "Retry-After": "1" } });
    return c.json({ status: "ready", models: service.models.depths });
  });
  app.get("/metrics", async (c) =>
    c.body(await service.metrics.registry.metrics(), 200, { "Content-Type": service.metrics.registry.contentType }),
  );
  const described = openApi(version);
  app.get("/openapi.json", (c) => c.json(described));
  app.route("/", featureApi(service));
  app.route("/", algorithmApi(service));
  app.route("/", dataApi(service));
  app.notFound((c) => errorResponse(c, noRoute(c, app)));
  app.onError((error, c) => errorResponse(c, reportError(c, error)));
  return app;
}

/** By hand: a pattern for it takes time in proportion to the square of the slashes. */
function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** A server without keys is for its own machine: pages of other hosts that a browser there shows must not use it (DNS rebinding, forged forms). */
function checkLocal(c: AppContext): void {
  const isLocal = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
  const host = c.req.header("host");
  if (host !== undefined && !isLocal(host))
    throw new HttpError(403, "host", "without keys this server answers to localhost alone");
  const origin = c.req.header("origin");
  if (origin !== undefined && !isLocal(origin.replace(/^https?:\/\//, "")))
    throw new HttpError(403, "origin", "without keys this server answers no pages of other hosts");
}

/** Another method of a path that there is, or a path that there is not. */
function noRoute(c: AppContext, app: Hono<AppEnv>): HttpError {
  const { path } = c.var.target;
  const methods = new Set(
    app.routes
      .filter(
        ({ method, path: route }) =>
          method !== "ALL" && (route === path || (route.endsWith("/*") && path.startsWith(route.slice(0, -1)))),
      )
      .map(({ method }) => method),
  );
  if (methods.size === 0)
    return new HttpError(404, "no-route", "there is nothing of this name; /openapi.json lists what there is");
  const allowed = [...methods].join(", ");
  return new HttpError(405, "method", `${c.req.raw.method} is not for this path; it takes ${allowed}`, {
    headers: { Allow: allowed },
  });
}

/** In the form of the face that was asked: Algorithmia's `{"error": …}`, or a problem of RFC 9457. */
function errorResponse(c: AppContext, error: HttpError): Response {
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  if (error.cause instanceof CallerGone || error.code === "gone") return c.body(null, 499 as 400);
  const { path } = c.var.target ?? targetOf(c.req.raw, c.env);
  if (/^\/v1\/(connector\/)?data(\/|$)/.test(path)) {
    c.header("X-Error-Message", error.message.replace(/[^\x20-\x7e]/g, "?").slice(0, 500));
    return c.json({ error: { message: error.message } }, error.status);
  }
  if (/^\/v1\/algo(\/|$)/.test(path)) return c.json({ error: errorBody(error) }, error.status);
  return c.body(JSON.stringify(problemOf(error, c.var.requestId)), error.status, {
    "Content-Type": "application/problem+json",
  });
}

/** RFC 9457. */
export function problemOf(error: HttpError, requestId: string): object {
  return {
    type: `urn:residual:error:${error.code}`,
    title: STATUS_CODES[error.status] ?? "Error",
    status: error.status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
  };
}
