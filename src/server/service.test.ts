/** The service as its callers meet it, without a socket: both faces, users and keys, queues, time, cancelling, networks coming and going. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fromRoot, tinyWeights } from "../../test/support/small-weights.ts";
import { type TestOptions, type TestService, testService, tinyLoader } from "../../test/support/test-service.ts";
import { type Model, openModel } from "../index.ts";
import { ApiKeys } from "./api-keys.ts";
import type { ModelLoader } from "./model-cache.ts";

const names = ["clock.jpg", "cat-eyes.jpg", "coffee-dim.webp", "astronaut-portrait.jpg"];
const photos = await Promise.all(names.map((name) => readFile(fromRoot(`examples/photos/${name}`))));
const [photo] = photos as [Buffer];
let vectors: number[][];
let model: Model;

beforeAll(async () => {
  model = await openModel({ model: "tiny", weights: await tinyWeights(), device: "wasm" });
  vectors = [];
  for (const bytes of photos) vectors.push(Array.from((await model.features(bytes)).vector));
});
afterAll(() => model.dispose());

async function withService(options: TestOptions, body: (test: TestService) => Promise<void>): Promise<void> {
  const test = await testService({ loader: tinyLoader(), ...options });
  try {
    await body(test);
  } finally {
    await test.close();
  }
}

const algorithm = "/v1/algo/imageclassification/ResNetFeatureExtraction";
const asJson = { "Content-Type": "application/json" };
const jsonBody = (value: unknown): RequestInit => ({ method: "POST", headers: asJson, body: JSON.stringify(value) });
const bytesBody = (bytes: Uint8Array<ArrayBuffer>, type = "image/jpeg"): RequestInit => ({
  ...{ method: "POST", headers: { "Content-Type": type }, body: bytes },
});

async function upload({ app }: TestService, folder: string, files: Record<string, Buffer>): Promise<void> {
  expect((await app.request("/v1/data/.my", jsonBody({ name: folder }))).status).toBe(200);
  for (const [name, body] of Object.entries(files))
    expect(
      (await app.request(`/v1/data/.my/${folder}/${name}`, { method: "PUT", body: new Uint8Array(body) })).status,
    ).toBe(200);
}

describe("POST /v1/features", () => {
  it("takes bytes, forms and JSON, and gives the library's vectors", () =>
    withService({}, async ({ app }) => {
      const row = { image_path: "image 0", feature_vector: vectors[0] };
      const bytes = await app.request("/v1/features?depth=18", bytesBody(new Uint8Array(photo)));
      expect(await bytes.json()).toEqual({ depth: 18, features: [row] });

      const form = new FormData();
      for (const [i, name] of names.entries()) form.append("image", new File([new Uint8Array(photos[i]!)], name));
      form.append("depth", "34");
      const formed = await app.request("/v1/features", { method: "POST", body: form });
      const rows = names.map((image_path, i) => ({ image_path, feature_vector: vectors[i] }));
      expect(await formed.json()).toEqual({ depth: 34, features: rows });

      const images = [{ base64: photo.toString("base64") }, { name: "b", base64: photos[1]!.toString("base64") }];
      const listed = await app.request("/v1/features", jsonBody({ images, normalize: "l2" }));
      const { depth, features } = await listed.json();
      expect([depth, features.map((one: { image_path: string }) => one.image_path)]).toEqual([50, ["image 0", "b"]]);
      for (const { feature_vector } of features) expect(Math.hypot(...feature_vector)).toBeCloseTo(1, 5);
    }));

  it("gives a bad image an error in its place, and fails where all are bad", () =>
    withService({}, async ({ app }) => {
      const images = [
        { base64: "bm8gaW1hZ2U=", name: "a" },
        { base64: photo.toString("base64") },
        { url: "data://.my/none.jpg" },
      ];
      const mixed = await app.request("/v1/features", jsonBody({ images }));
      expect(mixed.status).toBe(200);
      expect((await mixed.json()).features).toEqual([
        { image_path: "a", error: { code: "not-an-image", message: expect.stringMatching(/^a: not an image/) } },
        { image_path: "image 1", feature_vector: vectors[0] },
        { image_path: "data://.my/none.jpg", error: { code: "not-found", message: expect.any(String) } },
      ]);
      const bad = await app.request("/v1/features", jsonBody({ images: images.slice(0, 1) }));
      expect(bad.status).toBe(422);
      expect(bad.headers.get("content-type")).toBe("application/problem+json");
      expect(await bad.json()).toEqual({
        ...{
          type: "urn:residual:error:not-an-image",
          title: "Unprocessable Entity",
          status: 422,
          code: "not-an-image",
        },
        detail: expect.stringMatching(/^a: not an image: starts with "no im"/),
        request_id: bad.headers.get("x-request-id"),
      });
    }));

  it.each<[string, RequestInit, RegExp]>([
    [
      "?depth=19",
      bytesBody(new Uint8Array(1)),
      /^depth: there is no ResNet of that depth; use 18, 34, 50, 101 or 152$/,
    ],
    ["?normalize=l3", bytesBody(new Uint8Array(1)), /^normalize: there is no such norm; use none or l2$/],
    ["?dept=18", bytesBody(new Uint8Array(1)), /^there is no "dept"; did you mean depth\?/],
    ["", { method: "POST", headers: asJson, body: "{" }, /^the body is not JSON$/],
    ["", jsonBody({ images: [] }), /^images: is an empty list/],
    ["", jsonBody({ images: [{}] }), /^images\[0\]: expected \{"base64": …\} or \{"url": …\}/],
    ["", jsonBody({ images: [{ base64: "?" }] }), /its base64 is not valid/],
    ["", jsonBody([]), /^expected \{"images": \[…\]/],
    ["", bytesBody(new Uint8Array(1), "text/html"), /^content-type "text\/html": expected/],
    ["", { method: "POST", body: new FormData() }, /^the form has no file/],
  ])("refuses %s %o", (query, init, message) =>
    withService({}, async ({ app }) => {
      const reply = await app.request(`/v1/features${query}`, init);
      expect([400, 415]).toContain(reply.status);
      expect((await reply.json()).detail).toMatch(message);
    }),
  );
});

describe("the algorithm", () => {
  it("takes a folder, says what it left out, and puts a bad image's error in its place", () =>
    withService({}, async (test) => {
      const files = {
        "b.jpg": photo,
        "a.JPG": photos[1]!,
        "notes.txt": Buffer.from("x"),
        "c.png": Buffer.from("no image"),
        ".d.jpg": photo,
      };
      await upload(test, "photos", files);
      const reply = await test.app.request(`${algorithm}/1.0.0`, jsonBody({ image_path: "data://.my/photos/" }));
      expect(reply.status).toBe(200);
      expect(await reply.json()).toEqual({
        result: [
          { image_path: "data://.my/photos/a.JPG", feature_vector: vectors[1] },
          { image_path: "data://.my/photos/b.jpg", feature_vector: vectors[0] },
          {
            image_path: "data://.my/photos/c.png",
            error: { code: "not-an-image", message: expect.stringContaining("c.png: not an image") },
          },
        ],
        metadata: {
          ...{ content_type: "json", duration: expect.any(Number) },
          left_out: "data://.my/photos: left out 1 file of another suffix (notes.txt), 1 hidden",
        },
      });
    }));

  it("takes one image by name, as text, as bytes and as a Buffer in JSON", () =>
    withService({}, async (test) => {
      await upload(test, "photos", { "a.jpg": photo });
      const path = "data://.my/photos/a.jpg";
      const inputs: [RequestInit, string][] = [
        [jsonBody({ image_path: path, resnet_depth: 18 }), path],
        [jsonBody(path), path],
        [{ method: "POST", headers: { "Content-Type": "text/plain; charset=utf-8" }, body: path }, path],
        [bytesBody(new Uint8Array(photo), "application/octet-stream"), "image 0"],
        [jsonBody(photo), "image 0"], // {"type":"Buffer","data":[…]}
      ];
      for (const [init, image_path] of inputs) {
        const reply = await test.app.request(algorithm, init);
        expect((await reply.json()).result).toEqual([{ image_path, feature_vector: vectors[0] }]);
      }
    }));

  it.each<[unknown, RegExp]>([
    [{}, /^image_path: is missing/],
    [{ image_path: [] }, /^image_path: is an empty list; name at least one image$/],
    [{ image_path: "" }, /^image_path: /],
    [{ image_path: 5 }, /^image_path: expected an address/],
    [
      { image_path: "data://.my/a", resnet_depth: 19 },
      /^resnet_depth: there is no ResNet of that depth; use 18, 34, 50, 101 or 152$/,
    ],
    [{ image_path: "data://.my/a", depth: 18 }, /^there is no "depth"/],
    [{ image_paths: "data://.my/a" }, /image_path/],
    [{ image_path: "photos/a.jpg" }, /images are named by data:\/\/ addresses/],
    [{ image_path: "data://.my/nowhere" }, /there is no such file or folder for this key/],
    [{ image_path: "data://" }, /there is no such file or folder/],
    [{ image_path: "data://.my" }, /a folder without images/],
    [["data://.my/a"], /^expected \{"image_path": …/],
  ])("answers %j with 200 and an error", (input, message) =>
    withService({}, async ({ app }) => {
      const reply = await app.request(algorithm, jsonBody(input));
      expect(reply.status).toBe(200);
      const { error, ...others } = await reply.json();
      expect(others).toEqual({});
      expect(error).toEqual({
        ...{ message: expect.stringMatching(message), error_type: expect.any(String) },
        stack_trace: "",
        stacktrace: "",
      });
    }),
  );

  it("goes by its aliases and spellings, and by no other name", () =>
    withService({ aliases: ["me/features"] }, async ({ app }) => {
      const status = async (path: string): Promise<number> => {
        const reply = await app.request(path, bytesBody(new Uint8Array(photo), "application/octet-stream"));
        await reply.arrayBuffer();
        return reply.status;
      };
      for (const path of [
        "me/features",
        "algo://me/features",
        "/imageclassification/ResNetFeatureExtraction/1.0.0/",
        "algo%3A%2F%2Fme/features?a?timeout=9",
      ])
        expect([path, await status(`/v1/algo/${path.replace("?a", "?stdout=false")}`)]).toEqual([path, 200]);
      expect(await status(`//v1/algo/me/features`)).toBe(200);
      for (const path of ["me/other", "me/features/2.0.0", "me/features/1.0.0/more", "me", "", "imageclassification"])
        expect([path, await status(`/v1/algo/${path}`)]).toEqual([path, 404]);
      const asked = await app.request(
        `${algorithm}?timeout=1000&stdout=true`,
        bytesBody(new Uint8Array(photo), "application/octet-stream"),
      );
      expect((await asked.json()).metadata).toEqual({
        content_type: "json",
        duration: expect.any(Number),
        stdout: "",
        timeout: 300,
      });
      for (const query of ["timeout=0", "timeout=x", "stdout=maybe", "output=xml", "other=1"])
        expect([query, await status(`${algorithm}?${query}`)]).toEqual([query, 400]);
    }));

  it("gives a raw result alone, with a status for its error", () =>
    withService({}, async ({ app, lines }) => {
      const raw = await app.request(
        `${algorithm}?output=raw`,
        bytesBody(new Uint8Array(photo), "application/octet-stream"),
      );
      expect(await raw.json()).toEqual([{ image_path: "image 0", feature_vector: vectors[0] }]);
      expect((await app.request(`${algorithm}?output=raw`, jsonBody({}))).status).toBe(400);
      const accepted = await app.request(
        `${algorithm}?output=void`,
        bytesBody(new Uint8Array(photo), "application/octet-stream"),
      );
      expect(await accepted.json()).toEqual({ async: "void", request_id: accepted.headers.get("x-request-id") });
      await vi.waitFor(() => expect(lines).toContainEqual(expect.objectContaining({ images: 1, failed: 0 })));
      // The log is the one place that has what went wrong: at a level that is written.
      await app.request(`${algorithm}?output=void`, jsonBody({ image_path: "data://.my/nowhere" }));
      const warning = { level: 40, code: "not-found", msg: expect.stringContaining("there is no such file or folder") };
      await vi.waitFor(() => expect(lines).toContainEqual(expect.objectContaining(warning)));
    }));

  it("refuses a list whose answer would be too large, and not a folder", () =>
    withService({ limits: { answerBytes: 3 * 128 * 21 } }, async (test) => {
      await upload(test, "photos", Object.fromEntries(photos.map((bytes, i) => [`${i}.jpg`, bytes])));
      const list = photos.map((_, i) => `data://.my/photos/${i}.jpg`);
      const listed = await (await test.app.request(algorithm, jsonBody({ image_path: list }))).json();
      expect(listed.error.message).toMatch(/^a list of 4 images: .* which are 3 images at depth 50; name their folder/);
      const folder = await (await test.app.request(algorithm, jsonBody({ image_path: "data://.my/photos" }))).json();
      expect(folder.result).toHaveLength(4);
    }));

  it("reads no more of the store's files than threads decode, however many wait", () =>
    withService({}, async (test) => {
      await upload(test, "photos", Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}.jpg`, photo])));
      const { store } = test.service;
      const readFile = store.readFile.bind(store);
      let open = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        open = resolve;
      });
      const reads = vi.spyOn(store, "readFile").mockImplementation(async (...args) => {
        await held;
        return readFile(...args);
      });
      const reply = test.app.request(algorithm, jsonBody({ image_path: "data://.my/photos" }));
      await vi.waitFor(() => expect(reads).toHaveBeenCalled());
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
      open();
      expect((await (await reply).json()).result).toHaveLength(12);
    }));

  it("ends an answer that has begun with an error beside the result", () =>
    withService({ limits: { batch: 1 } }, async (test) => {
      await upload(test, "photos", Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}.jpg`, photo])));
      const submit = test.service.batcher.submit.bind(test.service.batcher);
      let count = 0;
      vi.spyOn(test.service.batcher, "submit").mockImplementation(async (job) => {
        if (count++ === 5) throw new Error("a fault of this test");
        return submit(job);
      });
      const reply = await test.app.request(algorithm, jsonBody({ image_path: "data://.my/photos" }));
      const { result, error, metadata } = await reply.json();
      expect(result.length).toBeLessThan(12);
      expect(error.message).toBe("a fault in the server; its log has it under this request's id");
      expect(metadata.content_type).toBe("json");
      expect(test.lines).toContainEqual(
        expect.objectContaining({ level: 50, request: reply.headers.get("x-request-id") }),
      );
    }));
});

const digest = (key: string): string => createHash("sha256").update(key).digest("hex");
const keyFile = `# who may call\nalice sha256:${digest("alices-key")}\n\nalice sha256:${digest("alices-second")}\nbob sha256:${digest("bobs-key")}\n`;

describe("keys", () => {
  it("open their user's data, in each of three forms, and no other's", () =>
    withService({ keys: ApiKeys.parse(keyFile, "keys", "the-local-key") }, async (test) => {
      const as = (authorization: string) => ({ headers: { Authorization: authorization } });
      const put = await test.app.request("/v1/data/.my/a.jpg", {
        method: "PUT",
        body: new Uint8Array(photo),
        ...as("alices-key"),
      });
      expect(await put.json()).toEqual({ result: "data://.my/a.jpg" });
      for (const mine of ["alices-key", "Simple alices-key", "Bearer alices-second", "simple alices-key"])
        for (const path of [".my/a.jpg", "alice/a.jpg"])
          expect((await test.app.request(`/v1/data/${path}`, as(mine))).status).toBe(200);
      for (const other of ["bobs-key", "Simple the-local-key"]) {
        for (const path of [".my/a.jpg", "alice/a.jpg", "alice", "local/../alice/a.jpg"])
          expect([400, 404]).toContain((await test.app.request(`/v1/data/${path}`, as(other))).status);
        const body = { image_path: "data://alice/a.jpg" };
        const reply = await test.app.request(algorithm, {
          ...jsonBody(body),
          headers: { ...asJson, Authorization: other },
        });
        expect((await reply.json()).error.message).toMatch(/there is no such file or folder for this key/);
        const images = { images: [{ url: "data://alice/a.jpg" }] };
        const plain = await test.app.request("/v1/features", {
          ...jsonBody(images),
          headers: { ...asJson, Authorization: other },
        });
        expect([400, 404, 422]).toContain(plain.status);
      }
    }));

  it("are asked for, but not where nothing is told, and are in no line of the log", () =>
    withService({ keys: ApiKeys.parse(keyFile, "keys") }, async ({ app, lines }) => {
      for (const authorization of [
        undefined,
        "",
        "Simple",
        "Simple  ",
        "wrong-key-1234",
        "Simple alices-ke",
        "Basic YWxpY2U6YWxpY2Vz",
        `sha256:${digest("alices-key")}`,
      ])
        for (const [path, method] of [
          ["/v1/data/.my", "GET"],
          [algorithm, "POST"],
          ["/v1/features", "POST"],
          ["/v1/data/.my/x", "PUT"],
        ] as const) {
          const reply = await app.request(path, {
            method,
            headers: authorization === undefined ? {} : { Authorization: authorization },
          });
          expect(reply.status).toBe(401);
          expect(reply.headers.get("www-authenticate")).toBe('Simple realm="residual"');
        }
      await app.request("/v1/data/.my?key=alices-key", { headers: { Authorization: "Simple alices-key" } });
      for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json"])
        expect((await app.request(path)).status).toBe(200);
      expect(JSON.stringify(lines)).not.toMatch(/alices-ke|wrong-key|YWxpY2U6/);
    }));

  it.each([
    ["alice", /^keys:1: expected USER sha256:HEX/],
    ["alice alices-key", /^keys:1: expected USER sha256:HEX/],
    [`Alice sha256:${digest("a")}`, /^keys:1: a user's name has a-z/],
    [`.my sha256:${digest("a")}`, /^keys:1: a user's name/],
    [`../x sha256:${digest("a")}`, /^keys:1: a user's name/],
    [`a sha256:${digest("a")}\nb sha256:${digest("a")}`, /^keys:2: the same key as of a/],
    ["# nobody\n", /^keys: names no key/],
  ])("of a file with %j are refused", (text, message) => {
    expect(() => ApiKeys.parse(text, "keys")).toThrow(message);
  });
});

/** A loader whose networks are ready when the test says so. */
function heldLoader(): { loader: ModelLoader; open: () => void; loads: number[] } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const loads: number[] = [];
  const inner = tinyLoader();
  return {
    ...{ open, loads },
    loader: {
      estimate: () => 1000,
      load: async (depth, signal) => {
        loads.push(depth);
        await opened;
        return inner.load(depth, signal);
      },
    },
  };
}

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
      await vi.waitFor(() => expect(service.admission.size).toBe(0), { timeout: 20_000 });
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
  await vi.waitFor(() => expect(test.service.admission.size).toBe(2));
  const closed = test.close();
  for (const upload of uploads)
    expect([(await upload).status, await (await upload).text()]).toEqual([
      503,
      expect.stringContaining("about to stop"),
    ]);
  await closed;
});

describe("networks", () => {
  it("load once however many wait, are ready when they were loaded ahead, and fail in words", async () => {
    const { loader, open, loads } = heldLoader();
    await withService({ loader, preload: [18] }, async ({ app, service }) => {
      const notYet = await app.request("/readyz");
      expect([notYet.status, (await notYet.json()).code]).toEqual([503, "loading"]);
      const both = [1, 2].map(() => app.request("/v1/features?depth=18", bytesBody(new Uint8Array(photo))));
      open();
      for (const reply of await Promise.all(both)) expect(reply.status).toBe(200);
      await service.preloaded;
      expect(loads).toEqual([18]);
      expect(await (await app.request("/readyz")).json()).toEqual({ status: "ready", models: [18] });
    });
  });

  it("that cannot be had are 503, with no path of this machine in it; the log has it", () =>
    withService(
      {
        loader: {
          estimate: () => 0,
          load: async () =>
            await Promise.reject(
              await openModel({ model: "resnet18", weights: "/nowhere/x.safetensors" }).catch((error) => error),
            ),
        },
      },
      async ({ app, lines }) => {
        for (const [path, init] of [
          ["/v1/features", bytesBody(new Uint8Array(photo))],
          [algorithm, bytesBody(new Uint8Array(photo), "application/octet-stream")],
        ] as const) {
          const reply = await app.request(path, init);
          expect(reply.status).toBe(503);
          expect(await reply.text()).not.toContain("nowhere");
        }
        expect(JSON.stringify(lines.filter(({ level }) => level === 50))).toContain("/nowhere/x.safetensors");
      },
    ));

  it("that give vectors which are none say so", async () => {
    const weights = await tinyWeights({ replace: { "conv1.weight": (data) => data.fill(Number.NaN) } });
    await withService({ loader: tinyLoader({ weights }) }, async ({ app }) => {
      const reply = await app.request("/v1/features", bytesBody(new Uint8Array(photo)));
      expect([reply.status, (await reply.json()).code]).toEqual([503, "weights-not-finite"]);
    });
  });

  it("the least recently used one is let go of, and comes back when it is asked for", () =>
    withService({ limits: { modelBytes: 2000 } }, async ({ app, service }) => {
      const ask = async (depth: number): Promise<unknown> => {
        const reply = await app.request(`/v1/features?depth=${depth}`, bytesBody(new Uint8Array(photo)));
        expect((await reply.json()).features[0].feature_vector).toEqual(vectors[0]);
        return service.models.depths.toSorted((a, b) => a - b);
      };
      expect(await ask(18)).toEqual([18]);
      expect(await ask(34)).toEqual([18, 34]);
      expect(await ask(18)).toEqual([18, 34]);
      expect(await ask(50)).toEqual([18, 50]);
      expect(await ask(34)).toEqual([34, 50]);
      const metrics = await (await app.request("/metrics")).text();
      expect(metrics).toContain('residual_model_evictions_total{depth="34"} 1');
      expect(metrics).toContain('residual_model_loads_total{depth="34"} 2');
    }));

  it("run images of all callers together, each with the bits that it has alone", () =>
    withService({ limits: { batch: 4, batchWait: 200 } }, async ({ app }) => {
      await app.request("/v1/features", bytesBody(new Uint8Array(photo)));
      const replies = Array.from({ length: 12 }, (_, i) =>
        app.request("/v1/features", bytesBody(new Uint8Array(photos[i % 4]!))),
      );
      for (const [i, reply] of (await Promise.all(replies)).entries())
        expect((await reply.json()).features[0].feature_vector).toEqual(vectors[i % 4]);
      const metrics = await (await app.request("/metrics")).text();
      const runs = Number(/residual_batch_images_count\{depth="50"\} (\d+)/.exec(metrics)![1]);
      expect(runs).toBeLessThan(10);
      expect(metrics).toContain('residual_batch_images_sum{depth="50"} 13');
      expect(metrics).toContain('residual_images_total{depth="50",outcome="done"} 13');
    }));
});

it("describes itself by the schemas that check the requests", () =>
  withService({}, async ({ app }) => {
    const { openapi, paths, components } = await (await app.request("/openapi.json")).json();
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(["/v1/features", "/healthz", "/readyz", "/metrics"]);
    expect(components.schemas.FeaturesRequest.properties.depth.enum).toEqual([18, 34, 50, 101, 152]);
    expect(components.schemas.FeaturesRequest.additionalProperties).toBe(false);
    expect(components.schemas.Problem.required).toContain("detail");
  }));
