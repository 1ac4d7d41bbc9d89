/**
 * A proxy that stands between a client and the server and keeps what they say, so that `npm test` can say it again without the client. Keys are
 * left out of what is kept, photos are kept by their name, and of what differs from run to run (dates, times, ids) only that it was there.
 */
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A request as the client sent it. */
export interface RecordedRequest {
  readonly method: string;
  /** As it stood on the wire. */
  readonly target: string;
  /** Without the key and what a connection sets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly text: string } | { readonly photo: string } | null;
}

export interface Exchange {
  readonly request: RecordedRequest;
  readonly reply: { readonly status: number; readonly contentType: string | undefined; readonly body: unknown };
}

export interface Recorder {
  readonly port: number;
  readonly exchanges: readonly Exchange[];
  close(): void;
}

const leftOut = new Set(["authorization", "host", "connection", "content-length", "transfer-encoding", "user-agent"]);

/** Starts one in front of the server on `port`. `photoOf` names a photo by its bytes. */
export async function startRecorder(
  port: number,
  photoOf: (bytes: Uint8Array) => string | undefined,
): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const headers = { ...incoming.headers, "content-length": String(body.length) };
    delete headers["transfer-encoding"];
    const options = { host: "127.0.0.1", port, method: incoming.method, path: incoming.url, headers };
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      request(options, resolve).on("error", reject).end(body);
    });
    const bytes = await buffer(reply);
    const kept = Object.entries(incoming.headers).filter(([name]) => !leftOut.has(name));
    const photo = photoOf(body);
    exchanges.push({
      request: {
        method: incoming.method!,
        target: incoming.url!,
        headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
        body: body.length === 0 ? null : photo === undefined ? { text: body.toString() } : { photo },
      },
      reply: {
        status: reply.statusCode!,
        contentType: reply.headers["content-type"],
        body: withoutChance(reply.headers["content-type"], bytes, photoOf),
      },
    });
    outgoing.writeHead(reply.statusCode!, reply.headers);
    outgoing.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, exchanges, close: () => server.close() };
}

/** A reply's body with all that no run repeats replaced by its kind: vectors by their length, dates, durations, ids. */
export function withoutChance(
  contentType: string | undefined,
  bytes: Uint8Array,
  photoOf: (bytes: Uint8Array) => string | undefined,
): unknown {
  if (bytes.length === 0) return null;
  const photo = photoOf(bytes);
  if (photo !== undefined) return { photo };
  const text = new TextDecoder().decode(bytes);
  if (!contentType?.startsWith("application/json")) return text;
  return JSON.parse(text, (key, value) => {
    if (key === "feature_vector") return `${value.length} numbers`;
    if (key === "duration" && typeof value === "number") return "seconds";
    if (key === "last_modified") return String(value).replace(/\d/g, "0");
    if (key === "request_id") return "id";
    return value;
  });
}
