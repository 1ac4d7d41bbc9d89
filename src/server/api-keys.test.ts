/** Keys, and users who do not meet one another's data. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { algorithm, asJson, jsonBody, photo, withService } from "../../test/support/service-calls.ts";
import { ApiKeys } from "./api-keys.ts";

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
