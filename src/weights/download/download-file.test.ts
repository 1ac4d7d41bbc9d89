/** The whole way of a download against a server that does whatever servers do. Waits are short here: no test depends on their length. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { weightStore } from "#platform";
import { eventually } from "../../../test/support/eventually.ts";
import { type LoopbackServer, loopbackServer, madeBytes } from "../../../test/support/loopback-server.ts";
import { OptionError, WeightError } from "../../errors.ts";
import { FileError } from "../../platform/byte-source.ts";
import type { HttpTiming } from "../../platform/http.ts";
import { addressOf, type CacheOptions, fetchToCache, isOffline, type NamedFile, openCached } from "./cached-weights.ts";
import type { DownloadProgress } from "./fetch-options.ts";

const data = madeBytes("download", 300_000);
const other = madeBytes("another", 300_000);
const sha256 = createHash("sha256").update(data).digest("hex");
const named: NamedFile = {
  ...{ title: "resnet50 IMAGENET1K_V1", file: "a-12345678.pth", sha256, bytes: data.length, mebibytes: 0.286 },
};
const timing: HttpTiming = { stall: 150, firstDelay: 5, longestDelay: 1500, tries: 4 };

let root: string;
let folder: string;
let server: LoopbackServer;
let notices: string[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "residual-download-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  const home = await mkdtemp(join(root, "home-"));
  vi.stubEnv("TORCH_HOME", home);
  folder = join(home, "hub", "checkpoints");
  server = await loopbackServer(data, '"one"');
  notices = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

const get = (options: Partial<CacheOptions> = {}, file: NamedFile = named): Promise<boolean> =>
  fetchToCache(file, { mirror: server.address, onNotice: (text) => notices.push(text), timing, ...options });
const failure = async (promise: Promise<unknown>): Promise<WeightError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WeightError);
  return error as WeightError;
};
/** By Node: vitest takes a second to compare so many. */
const expectContent = async (): Promise<void> =>
  expect((await readFile(join(folder, named.file))).equals(data)).toBe(true);
const begun = async (bytes: Uint8Array, validator?: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${named.file}.partial`), bytes);
  if (validator !== undefined)
    await writeFile(
      join(folder, `${named.file}.partial.json`),
      JSON.stringify({ url: `${server.address}${named.file}`, validator }),
    );
};
const files = (): Promise<string[]> => readdir(folder).catch(() => []);

describe("a file that is not there", () => {
  test("is fetched once, hashed, named, and its progress told to the last byte", async () => {
    const progress: DownloadProgress[] = [];
    expect(await get({ onProgress: (one) => progress.push(one) })).toBe(true);
    await expectContent();
    expect(await files()).toEqual([named.file]);
    expect(progress[0]).toEqual({ file: named.file, received: 0, total: data.length });
    expect(progress.at(-1)).toEqual({ file: named.file, received: data.length, total: data.length });
    expect(await get()).toBe(false);
    expect(server.requests.length).toBe(1);
    expect(notices).toEqual([]);
    const source = await openCached(named, { onNotice: () => {} });
    expect(await source.read(5, 7)).toEqual(data.slice(5, 12));
    await source.close();
  });

  test("comes through redirects, without a length, and by a hash of which only the beginning is known", async () => {
    server.script = [{ status: 302, headers: { location: "/elsewhere" } }, { chunked: true }];
    const { bytes: _, ...loose } = named;
    expect(await get({}, { ...loose, sha256: sha256.slice(0, 8) })).toBe(true);
    await expectContent();
    expect(server.requests.map(({ url }) => url)).toEqual([`/${named.file}`, "/elsewhere"]);
  });

  test("is asked for with a mirror's user and password, which no message has", async () => {
    const mirror = server.address.replace("//", "//me:secret@");
    server.script = [{}, { status: 404 }];
    await get({ mirror });
    expect(server.requests[0]!.authorization).toBe(`Basic ${btoa("me:secret")}`);
    await weightStore().remove(named.file);
    expect((await failure(get({ mirror }))).message).not.toContain("secret");
  });

  test("that another fetches is waited for, said, and not fetched twice", async () => {
    const { promise: until, resolve: waits } = Promise.withResolvers<void>();
    server.script = [{ stallAfter: 1000, until }];
    const onNotice = (notice: string): void => {
      notices.push(notice);
      waits();
    };
    const patient = { ...timing, stall: 60_000 };
    const results = await Promise.all([get({ onNotice, timing: patient }), get({ onNotice, timing: patient })]);
    expect(results.toSorted()).toEqual([true, true]);
    expect(server.requests.length).toBe(1);
    expect(notices).toEqual([`${named.file}: process ${process.pid} is downloading it; waiting for that`]);
    expect(await files()).toEqual([named.file]);
  });
});

describe("what goes wrong on the way and passes", () => {
  test.each([
    ["a connection that drops", { dropAfter: 100_000 }, /after 100000 of 300000 bytes|the connection failed/],
    ["a server that stalls", { stallAfter: 100_000 }, /nothing came for 0\.15 s/],
    ["a length that is a lie", { chunked: true, dropAfter: 100_000 }, /the connection/],
  ])("%s: goes on where it was", async (_, how, said) => {
    server.script = [how];
    expect(await get()).toBe(true);
    await expectContent();
    expect(server.requests[1]).toMatchObject({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/), ifRange: '"one"' });
    expect(notices).toEqual([expect.stringMatching(said)]);
    expect(notices[0]).toMatch(/trying again in/);
  });

  test.each([429, 500, 502, 503, 504, 408])("status %i: another try", async (status) => {
    server.script = [{ status }, { status }];
    expect(await get()).toBe(true);
    expect(server.requests.length).toBe(3);
    expect(notices[0]).toContain(`the server answered ${status}`);
  });

  test("Retry-After is obeyed up to a bound", async () => {
    server.script = [{ status: 429, headers: { "retry-after": "1" } }];
    const start = performance.now();
    await get();
    expect(performance.now() - start).toBeGreaterThan(990);
    await weightStore().remove(named.file);
    server.script = [{ status: 503, headers: { "retry-after": "7200" } }];
    expect((await failure(get())).message).toMatch(/503 Service Unavailable, and asks to wait 7200 s/);
  });

  test("a file that changed begins anew, and says so", async () => {
    server.file = other;
    server.script = [{ dropAfter: 50_000 }];
    const running = get({
      onNotice: (text) => {
        notices.push(text);
        server.file = data;
        server.etag = '"two"';
      },
    });
    expect(await running).toBe(true);
    await expectContent();
    expect(notices).toContainEqual(`${named.file}: it changed on the server; downloading it anew`);
  });

  test("a server that ignores If-Range and goes on with the changed file is seen through", async () => {
    await begun(other.subarray(0, 90_000), '"old"');
    server.script = [
      { status: 206, body: data.subarray(90_000), headers: { "content-range": `bytes 90000-299999/300000` } },
    ];
    expect(await get()).toBe(true);
    await expectContent();
    expect(notices).toContainEqual(`${named.file}: it changed on the server; downloading it anew`);
  });

  test("a server without ranges begins anew", async () => {
    server.script = [{ dropAfter: 50_000 }, { noRanges: true }];
    expect(await get()).toBe(true);
    expect(notices).toContainEqual(`${named.file}: the server cannot go on in the middle; downloading it anew`);
  });
});

describe("what an earlier process left", () => {
  test("is gone on with", async () => {
    await begun(data.subarray(0, 120_000), '"one"');
    expect(await get()).toBe(true);
    await expectContent();
    expect(server.requests).toMatchObject([{ range: "bytes=120000-", ifRange: '"one"' }]);
    expect(notices).toEqual([`${named.file}: going on after the 120000 bytes that are here already`]);
  });

  test("is used without a request where it is whole", async () => {
    await begun(data);
    expect(await get()).toBe(true);
    expect(server.requests.length).toBe(0);
  });

  test("is whole where the server says so (416)", async () => {
    await begun(data);
    const { bytes: _, ...loose } = named;
    expect(await get({}, loose)).toBe(true);
    expect(server.requests).toMatchObject([{ range: "bytes=300000-" }]);
  });

  test.each([
    ["wrong", other.subarray(0, 120_000), /SHA-256 is .* with a beginning from an earlier time; downloading it anew/],
    ["too long", madeBytes("long", 300_001), /its beginning is longer than the file/],
  ])("is thrown away where it is %s", async (_, bytes, said) => {
    await begun(bytes);
    expect(await get()).toBe(true);
    await expectContent();
    expect(notices).toContainEqual(expect.stringMatching(said));
  });

  test("is thrown away where the server has fewer bytes (416)", async () => {
    await begun(other.subarray(0, 280_000));
    server.script = [{ status: 416, headers: { "content-range": "bytes */270000" } }];
    expect(await get()).toBe(true);
    expect(notices).toContainEqual(
      `${named.file}: the server has fewer bytes of it than are here; downloading it anew`,
    );
  });

  test("does not keep its lock when it is dead", async () => {
    await begun(data.subarray(0, 1000));
    await writeFile(
      join(folder, `${named.file}.lock`),
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), token: "t" }),
    );
    expect(await get()).toBe(true);
    expect(await files()).toEqual([named.file]);
  });
});

describe("what does not pass is one error with the way out", () => {
  const remedy = () =>
    `put ${server.address}${named.file} as ${join(folder, named.file)} by hand, name a file with --weights FILE (in a program weights: FILE), ` +
    "or use the built-in --model tiny";

  test.each([
    [403, "403 Forbidden"],
    [404, "404 Not Found"],
    [304, "304 Not Modified"],
    [204, "204 No Content"],
    [206, "206 Partial Content"],
    [416, "416 Range Not Satisfiable"],
  ])("status %i", async (status, said) => {
    server.script = [{ status, body: "" }];
    const { code, message } = await failure(get());
    expect(code).toBe("weights-missing");
    expect(message).toBe(
      `resnet50 IMAGENET1K_V1 is not in the cache and could not be downloaded (the server answered ${said}): ${remedy()}`,
    );
    expect(server.requests.length).toBe(1);
    expect(await files()).toEqual([]);
  });

  test.each([
    ["too many failures", Array(9).fill({ status: 503 }), /503 Service Unavailable, 4 times/],
    ["a server that drops at every byte", Array(9).fill({ dropAfter: 1 }), /, 4 times/],
    ["another length", [{ body: "short" }], /the server's file has 5 bytes, expected 300000 bytes: it is another one/],
    [
      "a page",
      [{ body: "<html>", headers: { "content-type": "text/html; charset=utf-8" } }],
      /with a web page, not with the file: is there a login/,
    ],
    [
      "more than it may be",
      [{ body: madeBytes("more", 400_000), chunked: true }],
      /sent more than the 300000 bytes of the file/,
    ],
    ["redirects in a circle", Array(30).fill({ status: 302, headers: { location: "/" } }), /redirect/],
  ])("%s", async (_, script, said) => {
    server.script = script;
    const { message } = await failure(get());
    expect(message).toMatch(said);
    expect(message.endsWith(remedy())).toBe(true);
  });

  test("another range than the one asked for", async () => {
    await begun(data.subarray(0, 1000), '"one"');
    server.script = [{ status: 206, body: data.subarray(5), headers: { "content-range": "bytes 5-299999/300000" } }];
    expect((await failure(get())).message).toContain("the server answered another range (bytes 5-299999/300000)");
  });

  test("a wrong file is thrown away", async () => {
    server.file = other;
    const { message } = await failure(get());
    expect(message).toMatch(
      /what came from http\S+ is not the file: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}; it was thrown away/,
    );
    expect(await files()).toEqual([]);
  });

  test("nobody listens; no such host", async () => {
    const { address } = server;
    await server[Symbol.asyncDispose]();
    expect((await failure(get({ mirror: address }))).message).toContain("ECONNREFUSED");
    expect((await failure(get({ mirror: "http://nowhere.invalid/" }))).message).toMatch(/ENOTFOUND|EAI_AGAIN/);
    server = await loopbackServer();
  });

  test("the folder cannot be made", async () => {
    await writeFile(join(root, "a-file"), "");
    vi.stubEnv("TORCH_HOME", join(root, "a-file"));
    expect((await failure(get())).message).toMatch(
      /could not be downloaded \(\S+: a part of this path is a file, not a folder\): see to that, or name another folder for the cache in TORCH_HOME, /,
    );
    expect(server.requests.length).toBe(0);
  });

  test("the disk has too little room, before a byte is fetched", async () => {
    const store = { ...weightStore(), free: async () => 1000 };
    expect((await failure(get({ store }))).message).toContain("has 1000 bytes left, and 300000 bytes are needed");
  });

  test("offline, by option or environment; what is in the cache is used all the same", async () => {
    expect((await failure(get({ offline: true }))).message).toContain(
      "downloads are switched off (--offline, RESIDUAL_OFFLINE)",
    );
    vi.stubEnv("RESIDUAL_OFFLINE", "yes");
    await failure(get());
    expect(await get({ offline: false })).toBe(true);
    expect(await get()).toBe(false);
    vi.stubEnv("RESIDUAL_OFFLINE", "perhaps");
    expect(() => isOffline({})).toThrow(OptionError);
  });

  test("a cached file of another length, with how to be rid of it", async () => {
    await begun(data);
    await writeFile(join(folder, named.file), "cut");
    const store = weightStore();
    const open = () => Promise.reject(new FileError("not-readable", "a.pth: no permission to read"));
    expect(await failure(openCached(named, { onNotice: () => {}, store: { ...store, open } }))).toMatchObject({
      ...{
        code: "weights-missing",
        message: expect.stringMatching(/is in the cache and cannot be opened \(a\.pth: no/),
      },
    });
    const error = await failure(openCached(named, { onNotice: () => {} }));
    expect(error.message).toMatch(
      /has 3 bytes, and resnet50 IMAGENET1K_V1 has 300000 bytes: it is cut short .*residual weights rm/,
    );
  });
});

test("an abort keeps what has come, lets go of the lock, and is the caller's reason", async () => {
  server.script = [{ stallAfter: 80_000 }];
  const controller = new AbortController();
  const reason = new Error("enough");
  const patient = { ...timing, stall: 60_000 };
  const running = get({ signal: controller.signal, timing: patient });
  const partial = join(folder, `${named.file}.partial`);
  await eventually(async () => expect((await readFile(partial)).length).toBe(80_000));
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
  expect((await files()).toSorted()).toEqual([`${named.file}.partial`, `${named.file}.partial.json`]);
  expect(await get()).toBe(true);
  expect(server.requests[1]!.range).toBe("bytes=80000-");
});

test("addresses: a mirror's folder and query are kept, what is none is refused", () => {
  expect(addressOf("a.pth").href).toBe("https://download.pytorch.org/models/a.pth");
  expect(addressOf("a.pth", { mirror: "http://x/y?key=1" }).href).toBe("http://x/y/a.pth?key=1");
  vi.stubEnv("RESIDUAL_MIRROR", "https://env/");
  expect(addressOf("a.pth").href).toBe("https://env/a.pth");
  for (const mirror of ["models", "ftp://x/", "file:///tmp/"])
    expect(() => addressOf("a.pth", { mirror })).toThrow(OptionError);
});
