/**
 * A server on the loopback interface that serves one file as servers do, good ones and bad: whole, in ranges, slowly, in pieces, changed in
 * the middle, under another length, or not at all. What it was asked is in `requests`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { hashSigned } from "./hash-fill.ts";

/** A file of so many bytes, always the same by its text. */
export function madeBytes(text: string, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hashSigned(text, Math.ceil(count / 4)).buffer as ArrayBuffer).slice(0, count);
}

export interface Asked {
  readonly url: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

/** What an answer does otherwise than a good server's. */
export interface Answering {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection after so many bytes of the body. */
  readonly dropAfter?: number;
  /** Sends nothing more after so many bytes of the body. */
  readonly stallAfter?: number;
  /** With stallAfter: goes on when this resolves. */
  readonly until?: Promise<unknown>;
  /** Another body, with its own length. */
  readonly body?: Uint8Array | string;
  /** No Content-Length: the body ends with the last piece. */
  readonly chunked?: boolean;
  /** Answers 200 with the whole file, whatever was asked. */
  readonly noRanges?: boolean;
}

export interface LoopbackServer extends AsyncDisposable {
  readonly address: string;
  readonly requests: Asked[];
  /** The file, and its ETag; may be replaced. */
  file: Uint8Array;
  etag: string | undefined;
  /** Answers of the next requests, in order; those after are a good server's. */
  script: Answering[];
  /** Requests that went through as a proxy: the address or the host asked for. */
  readonly proxied: string[];
}

export async function loopbackServer(file: Uint8Array = new Uint8Array(), etag?: string): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const state = { file, etag, script: [] as Answering[], requests: [] as Asked[], proxied: [] as string[] };
  const server = createServer((request, response) => {
    if (/^http:/.test(request.url ?? "")) state.proxied.push(request.url!);
    answer(state, request, response).catch(() => response.destroy());
  });
  // As a proxy: a tunnel to whatever is named.
  server.on("connect", (request, socket: Socket, head) => {
    state.proxied.push(request.url ?? "");
    const [host, port] = request.url!.split(":") as [string, string];
    const through = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      through.write(head);
      through.pipe(socket).pipe(through);
    });
    for (const end of [through, socket]) end.on("error", () => [through, socket].map((one) => one.destroy()));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return Object.assign(state, {
    address,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

type State = Pick<LoopbackServer, "file" | "etag" | "script" | "requests">;

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "OPTIONS") {
    // Another site's page asks whether it may send what it is about to.
    response
      .writeHead(204, { "access-control-allow-origin": "*", "access-control-allow-headers": "range, if-range" })
      .end();
    return;
  }
  const { range, authorization } = request.headers;
  const ifRange = request.headers["if-range"] as string | undefined;
  state.requests.push({ url: request.url ?? "", range, ifRange, authorization });
  const how = state.script.shift() ?? {};
  const { file, etag } = state;
  const headers: Record<string, string> = {
    ...{
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "*",
      "cross-origin-resource-policy": "cross-origin",
    },
    ...(etag === undefined ? {} : { etag }),
  };
  let status = how.status ?? 200;
  let body = how.body ?? (status < 300 ? file : "an error's own page");
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const wanted = how.status === undefined && !how.noRanges && from !== undefined && (ifRange ?? etag) === etag;
  if (wanted && how.body === undefined) {
    const start = Number(from);
    const end = to === "" ? file.length - 1 : Math.min(Number(to), file.length - 1);
    if (start >= file.length) {
      [status, body] = [416, ""];
      headers["content-range"] = `bytes */${file.length}`;
    } else {
      [status, body] = [206, file.subarray(start, end + 1)];
      headers["content-range"] = `bytes ${start}-${end}/${file.length}`;
    }
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (!how.chunked && status !== 304) headers["content-length"] = String(bytes.length);
  response.writeHead(status, { ...headers, ...how.headers });
  response.flushHeaders();
  const stop = how.dropAfter ?? how.stallAfter ?? bytes.length;
  response.write(bytes.subarray(0, stop));
  if (how.stallAfter !== undefined) {
    if (!how.until) return;
    await how.until;
    response.write(bytes.subarray(stop));
  }
  if (how.dropAfter === undefined) response.end();
  else setTimeout(() => response.destroy(), 100); // what was written is read before: a client may drop what it has not read
}
