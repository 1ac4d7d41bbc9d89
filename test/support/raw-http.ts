/** HTTP as bytes on a socket: what no client library would send. */
import { connect } from "node:net";

export interface RawReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Bytes of the request that could be sent before the answer was there or the socket was closed. */
  readonly sent: number;
  readonly milliseconds: number;
}

/**
 * Sends pieces one after another, each when the last was taken, until all are sent or an answer begins; gives the first answer. Throws where
 * none comes within `patience` milliseconds.
 */
export function rawRequest(
  port: number,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  patience = 20_000,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const socket = connect(port, "127.0.0.1");
    let text = "";
    let sent = 0;
    let answered = false;
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${patience} ms`)), patience);
    const finish = (): void => {
      clearTimeout(timer);
      const [head = "", ...rest] = text.split("\r\n\r\n");
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN);
      resolve({ status, head, body: rest.join("\r\n\r\n"), sent, milliseconds: performance.now() - begin });
      socket.destroy();
    };
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      text += part;
      if (text.startsWith("HTTP/1.1 100 ")) {
        text = text.slice(text.indexOf("\r\n\r\n") + 4);
        if (text === "") return;
      }
      answered = true;
      const length = /^content-length: (\d+)$/im.exec(text.split("\r\n\r\n")[0]!)?.[1];
      const end = text.indexOf("\r\n\r\n");
      if (length !== undefined && end >= 0 && Buffer.byteLength(text.slice(end + 4)) >= Number(length)) finish();
    });
    socket.on("end", finish);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (answered || error.code === "EPIPE" || error.code === "ECONNRESET") return finish();
      clearTimeout(timer);
      reject(error);
    });
    socket.on("connect", async () => {
      for await (const piece of pieces) {
        if (answered || socket.destroyed) break;
        sent += Buffer.byteLength(piece);
        if (!socket.write(piece))
          await new Promise<void>((taken) => {
            socket.once("drain", taken);
            socket.once("close", taken);
          });
      }
    });
  });
}

/** A request's head, with `Host` unless it is among the headers. */
export function head(method: string, target: string, headers: readonly string[] = []): string {
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : ["Host: localhost"];
  return `${[`${method} ${target} HTTP/1.1`, ...host, ...headers].join("\r\n")}\r\n\r\n`;
}
