/** The store's folders: pages of a long one, and what a user may do to them through the Data API. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestService, testService } from "../../test/support/test-service.ts";

let test: TestService;
beforeAll(async () => {
  test = await testService();
});
afterAll(() => test.close());

const ask = (method: string, path: string, body?: unknown): Promise<Response> =>
  Promise.resolve(
    test.app.request(`/v1/data/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) }),
  );

describe("a folder's listing", () => {
  it("comes in pages, folders first, in code-unit order, each name once", async () => {
    const folder = join(test.folder, "local", "many");
    await mkdir(folder, { recursive: true });
    const folders = Array.from({ length: 30 }, (_, i) => `folder ${i}`);
    const files = Array.from({ length: 2200 }, (_, i) => `${i}.jpg`);
    for (const name of folders) await mkdir(join(folder, name));
    for (const name of files) await writeFile(join(folder, name), "x");
    await writeFile(join(folder, ".residual-half.tmp"), "x");
    const seen: string[] = [];
    const sizes: number[] = [];
    let marker: string | undefined;
    do {
      const reply = await ask("GET", `.my/many${marker === undefined ? "" : `?marker=${encodeURIComponent(marker)}`}`);
      expect(reply.headers.get("x-data-type")).toBe("directory");
      const page = await reply.json();
      const names = [
        ...page.folders.map((one: { name: string }) => one.name),
        ...page.files.map((one: { filename: string }) => one.filename),
      ];
      for (const { last_modified, size } of page.files)
        expect([last_modified, size]).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/), 1]);
      sizes.push(names.length);
      seen.push(...names);
      marker = page.marker;
    } while (marker !== undefined);
    expect(sizes).toEqual([1000, 1000, 230]);
    expect(seen).toEqual([...folders.sort(), ...files.sort()]);
    expect((await ask("GET", ".my/many?marker=x")).status).toBe(400);
    expect((await (await ask("GET", ".my/many?marker=f/zzz")).json()).files).toEqual([]);
  });

  it("of the root is the user's own collection, under the user's name", async () => {
    expect(await (await ask("GET", "")).json()).toEqual({ folders: [{ name: "local" }], files: [] });
    for (const path of [".my", "local", ".session", ".algo"]) expect((await ask("GET", path)).status).toBe(200);
  });
});

describe("folders and files", () => {
  it("are made, told apart and removed", async () => {
    expect((await ask("POST", ".my", { name: "new", acl: { read: [] } })).status).toBe(200);
    expect((await ask("POST", ".my", { name: "new" })).status).toBe(409);
    expect((await ask("POST", ".my/none", { name: "inner" })).status).toBe(404);
    expect((await ask("PUT", ".my/new", "a file of a folder's name")).status).toBe(409);
    expect((await ask("PUT", ".my/none/a.txt", "a")).status).toBe(404);
    expect(await (await ask("PUT", ".my/new/a b é.txt", { a: 1 })).json()).toEqual({
      result: "data://.my/new/a b é.txt",
    });
    const head = await ask("HEAD", ".my/new/a%20b%20%C3%A9.txt");
    expect([head.status, head.headers.get("x-data-type"), head.headers.get("content-length")]).toEqual([
      200,
      "file",
      "7",
    ]);
    const missing = await ask("HEAD", ".my/new/c.txt");
    expect([missing.status, missing.headers.get("x-error-message")]).toEqual([
      404,
      expect.stringContaining("there is no such file"),
    ]);
    expect(await (await ask("GET", "local/new/a b é.txt")).text()).toBe('{"a":1}');
    expect((await ask("DELETE", ".my/new")).status).toBe(409);
    expect((await ask("DELETE", ".my?force=true")).status).toBe(400);
    expect(await (await ask("DELETE", ".my/new?force=true")).json()).toEqual({ result: { deleted: 2 } });
    expect((await ask("DELETE", ".my/new")).status).toBe(404);
  });

  it("carry read lists, which are kept, told, and gone with the folder", async () => {
    const rules = async (): Promise<unknown> => (await (await ask("GET", ".my/shared?acl=true")).json()).acl;
    await ask("POST", ".my", { name: "shared" });
    expect(await rules()).toEqual({ read: ["algo://.my/*"] });
    const patched = await ask("PATCH", ".my/shared", { acl: { read: ["user://*"] } });
    expect([patched.status, await patched.text()]).toEqual([200, ""]);
    expect(patched.headers.get("warning")).toMatch(/nothing is opened to other users/);
    expect(await rules()).toEqual({ read: ["user://*"] });
    expect((await ask("PATCH", ".my/shared", { acl: { read: ["user://bob"] } })).status).toBe(400);
    expect((await ask("PATCH", ".my/none", { acl: { read: [] } })).status).toBe(404);
    await ask("DELETE", ".my/shared");
    await ask("POST", ".my", { name: "shared" });
    expect(await rules()).toEqual({ read: ["algo://.my/*"] });
  });
});
