/** Algorithmia's face as its callers meet it, without a socket. The clients themselves are in test/clients.test.ts. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import {
  algorithm,
  bytesBody,
  jsonBody,
  libraryVectors,
  photo,
  photos,
  upload,
  withService,
} from "../../test/support/service-calls.ts";

let vectors: number[][];
beforeAll(async () => {
  vectors = await libraryVectors();
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
      await eventually(() => expect(lines).toContainEqual(expect.objectContaining({ images: 1, failed: 0 })));
      // The log is the one place that has what went wrong: at a level that is written.
      await app.request(`${algorithm}?output=void`, jsonBody({ image_path: "data://.my/nowhere" }));
      const warning = { level: 40, code: "not-found", msg: expect.stringContaining("there is no such file or folder") };
      await eventually(() => expect(lines).toContainEqual(expect.objectContaining(warning)));
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
      await eventually(() => expect(reads).toHaveBeenCalled());
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
