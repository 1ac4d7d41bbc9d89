/** One line of the log a request, with its id; and the lines of what went wrong in between. No key, no body, no query is in any. */
import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { asHttpError, CallerGone, type HttpError, isOurs } from "./http-error.ts";
import { targetOf } from "./request-target.ts";
import type { AppContext, AppEnv, Service } from "./service.ts";

/** A caller's own id is taken where it is a plain word, so that its log and ours can be read together. */
const plainId = /^[\w.-]{1,64}$/;

export function requestLog({ log, metrics, admission }: Service): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const begin = performance.now();
    const given = c.req.header("x-request-id");
    const id = given !== undefined && plainId.test(given) ? given : randomUUID();
    const target = targetOf(c.req.raw, c.env);
    c.set("requestId", id);
    c.set("target", target);
    c.set("log", log.child({ request: id }));
    c.header("X-Request-Id", id);
    c.header("X-Content-Type-Options", "nosniff");
    await next();
    if (admission.stopping) c.res.headers.set("Connection", "close");
    const { status } = c.res;
    const { method } = c.req.raw;
    const route = routeOf(c);
    const seconds = (performance.now() - begin) / 1000;
    metrics.requests.inc({ route, method, status });
    metrics.seconds.observe({ route }, seconds);
    c.var.log.info({ method, path: target.path.slice(0, 512), status, seconds }, "request");
  };
}

/** A label of few values: the route that answered, not the path that was asked. */
function routeOf(c: AppContext): string {
  const route = routePath(c, -1);
  return c.res.status === 404 && route === "/*" ? "none" : route;
}

/** Writes to the log what the caller is not told, and gives what it is. */
export function reportError(c: AppContext, error: unknown): HttpError {
  const told = asHttpError(error);
  const log = c.var.log;
  if (error instanceof CallerGone) log.info("the caller went away");
  else if (isOurs(told)) log.error({ err: told.cause ?? told }, told.message);
  else log.debug({ status: told.status, code: told.code }, told.message);
  return told;
}
