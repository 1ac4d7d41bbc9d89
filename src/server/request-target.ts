/**
 * A request's target as it came over the wire. URL parsers clean a path (`..` goes up, `\` becomes `/`, `//host` is a host); here it is looked at
 * before any of them, so that what would climb is refused and not led somewhere else.
 */
import type { HttpBindings } from "@hono/node-server";
import { HttpError } from "./http-error.ts";

export interface RequestTarget {
  /** Percent-encoded, with one slash at its beginning. */
  readonly path: string;
  /** All after the first `?`. */
  readonly query: string;
}

/** The target of a request; from a socket as it was sent, else from its URL. */
export function targetOf(request: Request, bindings: Partial<HttpBindings> | undefined): RequestTarget {
  const raw = (bindings?.incoming?.url ?? request.url).replace(/^https?:\/\/[^/?#]*/i, "");
  const [path = "", ...rest] = raw.split("?");
  return { path: `/${path.replace(/^\/+/, "")}`, query: rest.join("?") };
}

/** Throws HttpError 400 for a path that climbs, in whatever spelling. */
export function checkTarget({ path }: RequestTarget): void {
  const refused = (what: string): HttpError =>
    new HttpError(400, "bad-path", `the request's path ${what}; name things by plain names between slashes`);
  if (/%00|\0/.test(path)) throw refused("has a NUL in it");
  if (/\\|%5c/i.test(path)) throw refused("has a backslash in it");
  for (const part of path.split(/\/|%2f/i)) if (/^(\.|%2e){1,2}$/i.test(part)) throw refused('has "." or ".." in it');
}

/** Options of a query, in which a client may have written a second `?`; of two with one name the later holds. */
export function queryOf({ query }: RequestTarget): Map<string, string> {
  return new Map(new URLSearchParams(query.replaceAll("?", "&")));
}
