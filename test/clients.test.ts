/**
 * The recorded requests of the hosted service's own clients (test/clients; `npm run test:clients -- --record` makes them), said again to a server
 * on a socket, each as it stood on the wire, and answered as the clients were: the two examples of the service's page among them, with real
 * networks of all five depths and made-up weights.
 */
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { ApiKeys } from "../src/server/api-keys.ts";
import { listen } from "../src/server/serve.ts";
import { type Exchange, type RecordedRequest, withoutChance } from "./clients/recorder.ts";
import { examples, lengths, photos } from "./clients/scenario.ts";
import { fromRoot } from "./support/small-weights.ts";
import { madeUpLoader, testService } from "./support/test-service.ts";

const key = "a-key-of-this-test";
const photoBytes = await Promise.all(photos.map((photo) => readFile(fromRoot(`examples/photos/${photo}`))));
const photoOf = (bytes: Uint8Array): string | undefined => photos[photoBytes.findIndex((photo) => photo.equals(bytes))];

async function send(port: number, { method, target, headers, body }: RecordedRequest): Promise<IncomingMessage> {
  const bytes = body === null ? Buffer.alloc(0) : "photo" in body ? photoBytes[photos.indexOf(body.photo)]! : body.text;
  return new Promise((resolve, reject) => {
    const all = { ...headers, Authorization: `Simple ${key}` };
    request({ host: "127.0.0.1", port, method, path: target, headers: all }, resolve).on("error", reject).end(bytes);
  });
}

describe.each(["npm", "pypi"])("the client from %s", (client) => {
  it("is answered as it was when it was recorded", async () => {
    const exchanges: Exchange[] = JSON.parse(await readFile(fromRoot(`test/clients/recorded/${client}.json`), "utf8"));
    const bodies = exchanges.map(({ request }) => (request.body && "text" in request.body ? request.body.text : ""));
    const asked = bodies.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text));
    expect(asked).toContainEqual(examples.first);
    expect(asked).toContainEqual(examples.second);

    const { service, close } = await testService({
      ...{ keys: ApiKeys.parse("", "", key), loader: madeUpLoader([...lengths.keys()]) },
    });
    const server = await listen(service, { host: "127.0.0.1", port: 0, version: "0.0.0" });
    try {
      for (const { request, reply } of exchanges) {
        const got = await send(server.port, request);
        const contentType = got.headers["content-type"];
        const body = withoutChance(contentType, await buffer(got), photoOf);
        const where = `${request.method} ${request.target}`;
        expect({ where, status: got.statusCode, contentType, body }).toEqual({ where, ...reply });
      }
    } finally {
      await server.stop();
      await close();
    }
  });
});
