/** Files behind an address, read in ranges: by both platforms' openBytes, since a real browser adds nothing but its own fetch. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { type LoopbackServer, loopbackServer, madeBytes } from "../../test/support/loopback-server.ts";
import { OptionError } from "../errors.ts";
import * as browser from "./browser.ts";
import { FileError } from "./byte-source.ts";
import { openHttp, readHttp } from "./http-source.ts";
import * as node from "./node.ts";

const small = madeBytes("small", 1000);
const large = madeBytes("large", 9_000_000);
const timing = { stall: 150, firstDelay: 5, longestDelay: 1000, tries: 3 };

let server: LoopbackServer;
beforeEach(async () => {
  server = await loopbackServer(small, '"one"');
});
afterEach(() => server[Symbol.asyncDispose]());

const url = (path = "x.bin") => new URL(path, server.address);
const open = (most?: number) =>
  openHttp(url(), { request: node.request, timing, ...(most === undefined ? {} : { most }) });

describe.each([
  ["node", node],
  ["browser", browser],
])("%s", (_, platform) => {
  test("a small file is one request", async () => {
    const source = await platform.openBytes(url());
    expect(source).toMatchObject({ name: url().href, size: 1000 });
    for (const [offset, length] of [
      [0, 1000],
      [7, 9],
      [1000, 0],
    ] as const) {
      const part = await source.read(offset, length);
      expect(part).toEqual(small.slice(offset, offset + length));
      expect(part.byteOffset).toBe(0);
    }
    await expect(source.read(999, 2)).rejects.toThrow("has 1000 bytes, cannot read 2 from byte 999");
    await source.close();
    await expect(source.read(0, 1)).rejects.toThrow("was closed");
    expect(server.requests.length).toBe(1);
    expect(await platform.readBytes(url())).toEqual(small);
  });

  test("what is not there is not-found, what is refused not-readable", async () => {
    for (const call of [platform.openBytes, platform.readBytes]) {
      server.script = [{ status: 404 }, { status: 403 }];
      await expect(call(url())).rejects.toMatchObject({
        code: "not-found",
        message: `${url()}: the server answered 404 Not Found`,
      });
      await expect(call(url())).rejects.toMatchObject({ code: "not-readable" });
    }
  });
});

test("small reads share blocks, one after another and at once; large ones are exact requests", async () => {
  server.file = large;
  const source = await open();
  const expectRead = async (offset: number, length: number): Promise<void> => {
    const bytes = await source.read(offset, length);
    expect(bytes.length).toBe(length);
    expect(Buffer.from(bytes).equals(large.subarray(offset, offset + length))).toBe(true);
  };
  const asked = (): (string | undefined)[] => server.requests.splice(0).map(({ range }) => range);
  const block = 2 ** 21;
  for (let at = 0; at < 2_000_000; at += 50_000) await expectRead(at, 1000);
  expect(asked()).toEqual(["bytes=0-65535", `bytes=0-${block - 1}`]);
  await Promise.all([3 * block + 5, 3 * block + 500, 3 * block, 3 * block + 2000].map((at) => expectRead(at, 700)));
  expect(asked()).toEqual([`bytes=${3 * block}-${4 * block - 1}`]);
  await expectRead(block - 10, 20); // of two, of which one is there
  await expectRead(block - 10, block);
  expect(asked()).toEqual([`bytes=${block}-${2 * block - 1}`, `bytes=${block - 10}-${2 * block - 11}`]);
  await expectRead(large.length - 1000, 1000);
  await expectRead(1000, 8_000_000);
  expect(asked()).toEqual([`bytes=${4 * block}-${large.length - 1}`, "bytes=1000-8000999"]);
  await expectRead(large.length, 0);
  expect(asked()).toEqual([]);
});

test("reads that drop, stall or are refused for a while are tried again", async () => {
  server.file = large;
  const source = await open();
  server.script = [{ dropAfter: 50_000 }, { stallAfter: 50_000 }];
  expect(Buffer.from(await source.read(70_000, 100)).equals(large.subarray(70_000, 70_100))).toBe(true);
  server.script = [{ status: 429 }, { status: 503 }];
  expect(Buffer.from(await source.read(8_000_000, 100)).equals(large.subarray(8_000_000, 8_000_100))).toBe(true);
  server.script = Array(3).fill({ status: 500 });
  await expect(source.read(5_000_000, 100)).rejects.toThrow(/the server answered 500 Internal Server Error, 3 times/);
});

test.each([
  ["another ETag", { etag: '"two"' }],
  ["another length", { file: large.subarray(0, 8_999_999) }],
  ["fewer bytes than are read", { file: large.subarray(0, 100) }],
])("a file that changes is an error: %s", async (_, change) => {
  server.file = large;
  const source = await open();
  Object.assign(server, change);
  await expect(source.read(8_000_000, 100)).rejects.toThrow(
    `${url()}: the file changed while it was being read; open it anew`,
  );
});

test.each([
  ["more than was asked for", { status: 206, body: large.subarray(0, 5_000_000) }, /sent more than the/],
  [
    "another range",
    { status: 206, body: "abc", headers: { "content-range": "bytes 5-7/9000000" } },
    /another range \(bytes 5-7/,
  ],
  ["the whole file all at once", { noRanges: true }, /gave ranges and does so no more/],
])("an answer with %s is an error", async (_, how, said) => {
  server.file = large;
  const source = await open();
  server.script = [{ headers: { "content-range": "bytes 2097152-4194303/9000000" }, ...how }];
  await expect(source.read(4_000_000, 100)).rejects.toThrow(said);
});

test("a server without ranges is read whole up to a bound", async () => {
  server.script = [
    { noRanges: true },
    { noRanges: true },
    { noRanges: true, chunked: true },
    { noRanges: true, chunked: true },
  ];
  const source = await open();
  expect(await source.read(3, 5)).toEqual(small.slice(3, 8));
  await expect(open(999)).rejects.toThrow(
    /gives no ranges of it, and 1000 bytes are too many at once \(the most is 999\); download it/,
  );
  expect(await (await open(1000)).read(0, 1000)).toEqual(small);
  await expect(open(999)).rejects.toMatchObject({ code: "too-large" });
  await expect(readHttp(url(), { request: node.request, timing, most: 999 })).rejects.toThrow(FileError);
});

test("ranges of an unknown length are refused with words; an empty file is one", async () => {
  server.script = [{ status: 206, body: "abc", headers: { "content-range": "bytes 0-2/*" } }];
  await expect(open()).rejects.toThrow(/does not say of how many bytes/);
  server.file = new Uint8Array();
  expect((await open()).size).toBe(0);
});

test("a signal ends the opening alone, and closing what is being read", async () => {
  server.file = large;
  const patient = { ...timing, stall: 60_000 };
  const opening = (signal: AbortSignal) => openHttp(url(), { request: node.request, timing: patient, signal });
  const asked = (count: number) => eventually(() => expect(server.requests.length).toBe(count));
  const abort = new AbortController();
  server.script = [{ stallAfter: 100 }];
  const stalled = opening(abort.signal);
  await asked(1);
  abort.abort(new Error("enough"));
  await expect(stalled).rejects.toThrow("enough");

  const later = new AbortController();
  const source = await opening(later.signal);
  later.abort();
  expect((await source.read(2_000_000, 100)).length).toBe(100);
  server.script = [{ stallAfter: 100 }, { stallAfter: 100 }];
  const reads = Promise.allSettled([source.read(4_000_000, 4_000_000), source.read(8_900_000, 10)]);
  await asked(5);
  await source.close();
  for (const read of await reads) expect(read).toMatchObject({ status: "rejected", reason: { code: "not-readable" } });
});

test("only http: and https:; a user and password go to the server and into no message", async () => {
  await expect(openHttp(new URL("ftp://x/y"), { request: node.request })).rejects.toThrow(
    "ftp: addresses are not fetched",
  );
  const secret = new URL(url().href.replace("//", "//me:p%40ss@"));
  expect((await node.openBytes(secret)).name).toBe(url().href);
  expect(server.requests[0]!.authorization).toBe(`Basic ${btoa("me:p@ss")}`);
  await expect(node.openBytes(new URL("https://me:10%@host.invalid/x"))).rejects.toThrow(
    new OptionError("https://host.invalid/x: its user or password has a % that escapes nothing; write %25 for it"),
  );
});
