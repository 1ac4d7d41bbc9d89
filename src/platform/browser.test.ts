/** The browser's platform, run in Node: it uses only what both have. A real browser runs it in the smoke test of the runtimes. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UnsupportedError } from "../errors.ts";
import * as browser from "./browser.ts";
import { FileError } from "./byte-source.ts";
import type { Platform } from "./platform.ts";

browser satisfies Platform;

let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/data") response.end(Buffer.from([1, 2, 3]));
    else if (request.url === "/a%20b/data%3Fx") response.end(Buffer.from([9]));
    else response.writeHead(request.url === "/broken" ? 500 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test("URL objects, Blobs and bytes are read", async () => {
  const fetched = await browser.openBytes(new URL("/data", base));
  expect(fetched.name).toBe(`${base}/data`);
  expect(await fetched.read(1, 2)).toEqual(new Uint8Array([2, 3]));
  for (const source of [new URL("/data", base), new Blob([new Uint8Array([1, 2, 3])]), new Uint8Array([1, 2, 3])]) {
    expect(await browser.readBytes(source)).toEqual(new Uint8Array([1, 2, 3]));
  }
});

test("what lies beside a URL is fetched, and nothing out of its folder", async () => {
  const fetched = await browser.openBytes(new URL("/data", base));
  const other = await fetched.beside!("a b/data?x");
  expect(other.name).toBe(`${base}/a%20b/data%3Fx`);
  expect(other.size).toBe(1);
  await expect(fetched.beside!("no")).rejects.toMatchObject({ code: "not-found" });
  for (const path of ["../data", "/data", "http://127.0.0.1:1/data", "a//b", ""])
    await expect(fetched.beside!(path)).rejects.toThrow("only a relative path into its own folder is followed");
});

test("what a server refuses, and a server that is not there, are errors with the URL", async () => {
  await expect(browser.openBytes(new URL("/no", base))).rejects.toMatchObject({
    code: "not-found",
    message: `${base}/no: the server answered 404 Not Found`,
  });
  await expect(browser.readBytes(new URL("/broken", base))).rejects.toMatchObject({ code: "not-readable" });
  await expect(browser.openBytes(new URL("http://127.0.0.1:1/"))).rejects.toThrow(FileError);
});

test("paths are refused with what would be right", async () => {
  for (const call of [browser.openBytes, browser.listFolder, browser.pathKind, browser.openOutput]) {
    await expect(call("cat.jpg")).rejects.toThrow(UnsupportedError);
  }
  await expect(browser.openBytes("cat.jpg")).rejects.toThrow("cat.jpg: a browser has no file paths; give a URL object");
});

test("no WebGPU is a reason, not an error", async () => {
  expect((await browser.gpu()).reason).toMatch(/WebGPU/);
});
