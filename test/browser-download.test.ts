/**
 * Downloads in headless Chromium, against a server of another origin: the site's private files keep them from page to page, they are gone on
 * with, two pages fetch once, and weights are read in ranges from an address.
 */
import { createHash } from "node:crypto";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { PretrainedFile } from "../src/model/pretrained.ts";
import { openSourcePages, type SourcePages } from "../tools/source-pages.ts";
import { importMap } from "./smoke/import-map.ts";
import type {} from "./smoke/weights-page.ts"; // the page's global
import { eventually } from "./support/eventually.ts";
import { type LoopbackServer, loopbackServer } from "./support/loopback-server.ts";
import { tinyWeights } from "./support/small-weights.ts";

const able = process.platform === "linux" && process.arch === "x64";
if (!able) console.warn("skipped: downloads in a browser, since the one that npm brings is for linux-x64 only");

let pages: SourcePages;
let context: BrowserContext;
let server: LoopbackServer;
let data: Uint8Array;
let entry: PretrainedFile;

beforeAll(async () => {
  if (!able) return;
  data = await tinyWeights({ classes: 3 });
  const sha256 = createHash("sha256").update(data).digest("hex");
  entry = {
    ...{ weights: "IMAGENET1K_V1", file: `tiny-${sha256.slice(0, 8)}.pth`, sha256, bytes: data.length },
    ...{ mebibytes: data.length / 2 ** 20, top1: 1, top5: 2, preset: "torchvision-v2" },
  };
  const plugins = [importMap];
  pages = await openSourcePages({
    cache: "vite-weights",
    plugins,
    optimizeDeps: { entries: ["test/smoke/weights-page.html"] },
  });
});
afterAll(() => pages?.[Symbol.asyncDispose]());
beforeEach(async () => {
  if (!able) return;
  context = await pages.browser.newContext(); // with files of its own
  server = await loopbackServer(data, '"one"');
});
afterEach(async () => {
  await context?.close();
  await server?.[Symbol.asyncDispose]();
});

async function openPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(pages.urlOf("test/smoke/weights-page.html"));
  await page.waitForFunction(() => "weightsOnPage" in globalThis, undefined, { timeout: 60_000 });
  await page.evaluate((given) => weightsOnPage.table(given), entry);
  return page;
}

type From = Parameters<typeof weightsOnPage.open>[0];
const open = (page: Page, from: From) => page.evaluate((given) => weightsOnPage.open(given), from);
const mirror = () => server.address;
const state = (page: Page) => page.evaluate((file) => weightsOnPage.state(file), entry.file);

test.skipIf(!able)("are kept from page to page, verified, and removed", async () => {
  const page = await openPage();
  const first = await open(page, { mirror: mirror() });
  expect(first).toMatchObject({ weights: entry.file, features: 128, progress: [0, data.length], notices: [] });
  await page.close();
  const other = await openPage();
  const second = await open(other, { mirror: mirror(), offline: true });
  expect(second.vector).toEqual(first.vector);
  expect(server.requests.length).toBe(1);
  expect(await other.evaluate((file) => weightsOnPage.verify(file), entry.file)).toBe(entry.sha256);
  expect(await state(other)).toMatchObject({ cached: data.length });
  expect(await other.evaluate((file) => weightsOnPage.remove(file), entry.file)).toBe(data.length);
  const third = await open(other, { mirror: mirror(), offline: true });
  expect(third.error).toMatch(/is not in the cache and could not be downloaded .*switched off/);
  const address = await open(other, { address: `${server.address}x.safetensors` });
  expect(address).toMatchObject({ weights: `${server.address}x.safetensors`, features: 128 });
  expect(server.requests.slice(1).every(({ range }) => range?.startsWith("bytes="))).toBe(true);
  expect(await state(other)).toMatchObject({ cached: undefined });
});

test.skipIf(!able)("go on after a drop, a page that gave up, and a change", async () => {
  const page = await openPage();
  server.script = [{ stallAfter: 300_000 }];
  expect((await open(page, { mirror: mirror(), abortAfter: 1000 })).error).toBe("Error: given up");
  const { partial } = await state(page);
  expect(partial).toBe(300_000);
  await page.close();
  const other = await openPage();
  server.script = [{ dropAfter: 50_000 }];
  const opened = await open(other, { mirror: mirror() });
  expect(opened.weights).toBe(entry.file);
  expect(server.requests[1]!.range).toBe(`bytes=300000-`);
  expect(opened.notices[0]).toContain("going on after the");
  expect(opened.notices[1]).toMatch(/trying again in/);
  await other.evaluate((file) => weightsOnPage.remove(file), entry.file);
  server.file = data.toReversed();
  expect((await open(other, { mirror: mirror() })).error).toMatch(
    /is not the file: its SHA-256 is .*; it was thrown away/,
  );
  expect(await state(other)).toMatchObject({ cached: undefined, partial: undefined });
});

test.skipIf(!able)("of two pages are fetched once", async () => {
  const { promise: until, resolve: go } = Promise.withResolvers<void>();
  server.script = [{ stallAfter: 10_000, until }];
  const [one, two] = [await openPage(), await openPage()];
  const first = open(one, { mirror: mirror() });
  await eventually(() => expect(server.requests.length).toBe(1));
  const second = open(two, { mirror: mirror() });
  await new Promise((resolve) => setTimeout(resolve, 200)); // it waits by then, or comes later and finds the file: both are one fetch
  go();
  const both = await Promise.all([first, second]);
  expect(both.map(({ weights }) => weights)).toEqual([entry.file, entry.file]);
  expect(server.requests.length).toBe(1);
});
