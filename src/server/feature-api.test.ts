/** The plain face as its callers meet it, without a socket. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  asJson,
  bytesBody,
  jsonBody,
  libraryVectors,
  names,
  photo,
  photos,
  withService,
} from "../../test/support/service-calls.ts";

let vectors: number[][];
beforeAll(async () => {
  vectors = await libraryVectors();
});

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

it("describes itself by the schemas that check the requests", () =>
  withService({}, async ({ app }) => {
    const { openapi, paths, components } = await (await app.request("/openapi.json")).json();
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(["/v1/features", "/healthz", "/readyz", "/metrics"]);
    expect(components.schemas.FeaturesRequest.properties.depth.enum).toEqual([18, 34, 50, 101, 152]);
    expect(components.schemas.FeaturesRequest.additionalProperties).toBe(false);
    expect(components.schemas.Problem.required).toContain("detail");
  }));
