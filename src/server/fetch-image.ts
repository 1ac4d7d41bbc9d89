/**
 * An image from the web for a caller (`--allow-http`): only from public addresses, looked at after the name was resolved and on the very
 * connection that is made, at every redirect anew; bounded in size and time; no credentials, no proxies, no cookies.
 */
import { lookup as systemLookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { formatBytes } from "../tensor/format-bytes.ts";
import { shown } from "./data-path.ts";
import { HttpError } from "./http-error.ts";
import { isPublicAddress } from "./public-address.ts";

export interface FetchOptions {
  readonly most: number;
  readonly signal: AbortSignal;
  /** In place of the system's resolver and of the rule of addresses. */
  readonly lookup?: typeof systemLookup;
  readonly isAllowed?: (address: string) => boolean;
}

const mostRedirects = 5;
/** Seconds without a byte. */
const stallSeconds = 15;

/** The bytes behind a URL. Throws HttpError 400 for addresses that are not asked, 422 for what cannot be had from one that was. */
export async function fetchImage(address: string, options: FetchOptions): Promise<Uint8Array> {
  let url = urlOf(address);
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const reply = await ask(url, address, options);
    const { statusCode = 0, headers } = reply;
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined)
      return readReply(reply, address, options);
    reply.destroy();
    if (!URL.canParse(headers.location, url)) throw failed(address, "leads to an address that is none");
    url = urlOf(new URL(headers.location, url).href);
  }
  throw failed(address, `leads through more than ${mostRedirects} redirects`);
}

function urlOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol))
    throw new HttpError(400, "bad-address", `${shown(address)}: is no http:// or https:// address`);
  if (url.username !== "" || url.password !== "")
    throw new HttpError(
      400,
      "bad-address",
      `${shown(address)}: has a user or a password in it, which is not sent for callers`,
    );
  return url;
}

function ask(url: URL, address: string, options: FetchOptions): Promise<IncomingMessage> {
  const { signal, lookup = systemLookup, isAllowed = isPublicAddress } = options;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) && !isAllowed(host)) throw closed(address);
  /** Every address that the name has must be public: a name that has one of this network too is a trap. */
  const guarded: LookupFunction = (name, how, done) => {
    lookup(name, { ...how, all: true }, (error, found) => {
      if (error) return done(error, "");
      const bad = found.length === 0 || found.some(({ address: one }) => !isAllowed(one));
      if (bad) return done(closed(address) as NodeJS.ErrnoException & HttpError, "");
      if (how.all) return done(null, found);
      done(null, found[0]!.address, found[0]!.family);
    });
  };
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? requestHttps : requestHttp;
    const asked = request(
      url,
      // No agent: a connection of another request, made under another rule, is never used again.
      { agent: false, lookup: guarded, signal, headers: { Accept: "image/*", "User-Agent": "residual" } },
      resolve,
    );
    asked.setTimeout(stallSeconds * 1000, () => asked.destroy(failed(address, "does not answer")));
    asked.on("error", (error) => reject(reasonOf(error, address, signal)));
    asked.end();
  });
}

async function readReply(reply: IncomingMessage, address: string, { most, signal }: FetchOptions): Promise<Uint8Array> {
  const tooLarge = (): HttpError => failed(address, `has more than ${formatBytes(most)}, the most that is read`);
  try {
    if (reply.statusCode !== 200) throw failed(address, `answers ${reply.statusCode} instead of 200`);
    if (Number(reply.headers["content-length"] ?? 0) > most) throw tooLarge();
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of reply) {
      size += chunk.length;
      if (size > most) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw reasonOf(error, address, signal);
  } finally {
    reply.destroy();
  }
}

function reasonOf(error: unknown, address: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof HttpError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "it broke off";
  return failed(address, `cannot be had (${code})`, error);
}

function failed(address: string, why: string, cause?: unknown): HttpError {
  return new HttpError(422, "not-readable", `${shown(address)}: ${why}`, { cause });
}

function closed(address: string): HttpError {
  return new HttpError(
    400,
    "bad-address",
    `${shown(address)}: is not of the public internet, and only that is asked for callers`,
  );
}
