/** Room and time: full queues, callers who leave, time that runs out, a service that stops. */
import { beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import {
  algorithm,
  bytesBody,
  heldLoader,
  jsonBody,
  libraryVectors,
  photo,
  photos,
  withService,
} from "../../test/support/service-calls.ts";
import { testService } from "../../test/support/test-service.ts";

let vectors: number[][];
beforeAll(async () => {
  vectors = await libraryVectors();
});

describe("room and time", () => {
  it("are bounded: one request too many is told to come again", async () => {
    const { loader, open } = heldLoader();
    await withService({ loader, limits: { requests: 3 } }, async ({ app }) => {
      const waiting = [1, 2, 3].map(() => app.request("/v1/features", bytesBody(new Uint8Array(photo))));
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const [path, init] of [
        ["/v1/features", bytesBody(new Uint8Array(photo))],
        [algorithm, jsonBody({ image_path: "data://.my" })],
        ["/v1/data/.my/a", { method: "PUT", body: "a" }],
      ] as const) {
        const reply = await app.request(path, init);
        expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "1"]);
      }
      expect((await app.request("/healthz")).status).toBe(200);
      open();
      for (const reply of await Promise.all(waiting)) expect(reply.status).toBe(200);
      expect((await app.request("/v1/features", bytesBody(new Uint8Array(photo)))).status).toBe(200);
    });
  });

  it("a request that takes too long ends, and its work with it; the server's own words or the query's", async () => {
    const { loader, open } = heldLoader();
    await withService({ loader, limits: { timeout: 0.05 } }, async ({ app, service }) => {
      const plain = await app.request("/v1/features", bytesBody(new Uint8Array(photo)));
      expect([plain.status, (await plain.json()).code]).toEqual([503, "timeout"]);
      const asked = await app.request(
        `${algorithm}?timeout=0.02`,
        bytesBody(new Uint8Array(photo), "application/octet-stream"),
      );
      expect([asked.status, (await asked.json()).error.message]).toEqual([
        503,
        expect.stringMatching(/^not done within 0.02 s/),
      ]);
      expect(service.admission.size).toBe(0);
      open();
    });
  });

  it("a caller that goes away takes its images along, and leaves those of others", async () => {
    const { loader, open } = heldLoader();
    await withService({ loader }, async ({ app, service, lines }) => {
      const abort = new AbortController();
      const gone = app.request("/v1/features", { ...bytesBody(new Uint8Array(photo)), signal: abort.signal });
      const stays = app.request("/v1/features", bytesBody(new Uint8Array(photos[1]!)));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(service.admission.size).toBe(2);
      abort.abort();
      expect((await gone).status).toBe(499);
      expect(service.admission.size).toBe(1);
      open();
      expect((await (await stays).json()).features[0].feature_vector).toEqual(vectors[1]);
      expect(lines).toContainEqual(expect.objectContaining({ msg: "the caller went away" }));
    });
  });

  it("a caller that does not read its answer keeps no room beyond its time", () =>
    withService({}, async ({ app, service }) => {
      await app.request("/v1/features", bytesBody(new Uint8Array(photo))); // the network is loaded
      const reply = await app.request(
        `${algorithm}?timeout=4`,
        bytesBody(new Uint8Array(photo), "application/octet-stream"),
      );
      expect([reply.status, service.admission.size]).toEqual([200, 1]);
      await eventually(() => expect(service.admission.size).toBe(0));
      await reply.body?.cancel();
    }));

  it("stopping finishes what was accepted and lets nobody in", async () => {
    const { loader, open } = heldLoader();
    const test = await testService({ loader });
    const accepted = test.app.request("/v1/features", bytesBody(new Uint8Array(photo)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closed = test.close();
    const late = await test.app.request("/v1/features", bytesBody(new Uint8Array(photo)));
    expect([late.status, late.headers.get("retry-after"), late.headers.get("connection")]).toEqual([503, "5", "close"]);
    expect((await test.app.request("/readyz")).status).toBe(503);
    open();
    expect((await accepted).status).toBe(200);
    await closed;
  });

  it("stopping ends what takes longer than its grace", async () => {
    const { loader, open } = heldLoader();
    const test = await testService({ loader, limits: { graceSeconds: 0.05 } });
    const accepted = test.app.request("/v1/features", bytesBody(new Uint8Array(photo)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closed = test.close();
    expect([(await accepted).status, (await (await accepted).json()).code]).toEqual([503, "stopping"]);
    open();
    await closed;
  });
});

it("stopping ends bodies that are still coming after its grace", async () => {
  const test = await testService({ limits: { graceSeconds: 0.05 } });
  const endless = (): RequestInit =>
    ({
      method: "PUT",
      duplex: "half",
      body: new ReadableStream({ pull: () => new Promise(() => undefined) }),
    }) as RequestInit;
  const uploads = [
    test.app.request("/v1/data/.my/a.bin", endless()),
    test.app.request("/v1/features", { ...endless(), method: "POST" }),
  ];
  await eventually(() => expect(test.service.admission.size).toBe(2));
  const closed = test.close();
  for (const upload of uploads)
    expect([(await upload).status, await (await upload).text()]).toEqual([
      503,
      expect.stringContaining("about to stop"),
    ]);
  await closed;
});
