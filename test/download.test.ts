/**
 * Downloads as a user meets them: the command line in processes of its own, two at once, killed and interrupted, through proxies; and the
 * library. The file is tiny's weights under a made-up name, since what the table names cannot be fetched in a test.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runCommand } from "../src/cli/run-command.ts";
import { presets } from "../src/image/preset.ts";
import { openModel } from "../src/model/open-model.ts";
import { type PretrainedFile, pretrained } from "../src/model/pretrained.ts";
import type { DownloadProgress } from "../src/weights/download/fetch-options.ts";
import { eventually } from "./support/eventually.ts";
import { type LoopbackServer, loopbackServer } from "./support/loopback-server.ts";
import { fromRoot, tinyWeights } from "./support/small-weights.ts";
import { type RunOptions, type RunResult, runScript } from "./support/spawn-residual.ts";

const photo = fromRoot("examples/photos/cat.png");
let root: string;
let home: string;
let folder: string;
let server: LoopbackServer;
let data: Uint8Array<ArrayBuffer>;
let entry: PretrainedFile;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "residual-fetch-"));
  data = await tinyWeights({ classes: 3 });
  const sha256 = createHash("sha256").update(data).digest("hex");
  entry = {
    ...{ weights: "IMAGENET1K_V1", file: `tiny-${sha256.slice(0, 8)}.pth`, sha256, bytes: data.length },
    ...{ mebibytes: data.length / 2 ** 20, top1: 1, top5: 2, preset: "torchvision-v2" },
  };
  const table: Record<string, readonly PretrainedFile[]> = pretrained;
  table.tiny = [entry];
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  home = await mkdtemp(join(root, "home-"));
  folder = join(home, "hub", "checkpoints");
  server = await loopbackServer(data, '"one"');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

const residual = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
  runScript("test/support/patched-residual.ts", args, {
    ...options,
    env: { TORCH_HOME: home, RESIDUAL_MIRROR: server.address, PRETRAINED: JSON.stringify(entry), ...options.env },
  });
const download = (options?: RunOptions) => residual(["weights", "download", entry.file], options);
/** The same in this process, which is ten times as fast. */
const here = async (...args: readonly string[]): Promise<RunResult> => {
  vi.stubEnv("TORCH_HOME", home);
  vi.stubEnv("RESIDUAL_MIRROR", server.address);
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      said[name] += text;
      return true;
    });
  try {
    const code = await runCommand(["weights", ...args]);
    return { code, ...said };
  } finally {
    vi.restoreAllMocks();
  }
};
const files = async (): Promise<string[]> => (await readdir(folder).catch(() => [])).toSorted();
const expectWhole = async (): Promise<void> =>
  expect((await readFile(join(folder, entry.file))).equals(data)).toBe(true);
/** Resolves when so many bytes of the file are on disk. */
const begun = (bytes: number): Promise<void> =>
  eventually(async () => expect((await readFile(join(folder, `${entry.file}.partial`))).length).toBeGreaterThan(bytes));

describe("residual weights", () => {
  test("downloads, lists, verifies, names and removes", async () => {
    const path = join(folder, entry.file);
    expect(await here("download", entry.file)).toEqual({
      ...{ code: 0, stderr: "", stdout: expect.stringMatching(`^${path}: downloaded, .*, SHA-256 ${entry.sha256}\n$`) },
    });
    expect((await here("download", entry.file)).stdout).toContain("was in the cache");
    expect(server.requests.length).toBe(1);
    const listed = await here("list", "--json");
    const table = await here("list", "--quiet");
    const named = await here("path", entry.file);
    const verified = await here("verify");
    const rows = JSON.parse(listed.stdout) as { file: string; cached: boolean; licence: string }[];
    expect(rows.filter(({ cached }) => cached).map(({ file }) => file)).toEqual([entry.file]);
    expect(new Set(rows.map(({ licence }) => licence))).toEqual(new Set(["BSD-3-Clause"]));
    expect(table.stdout).toMatch(new RegExp(`${entry.file} .* yes\n`));
    expect(named).toEqual({ code: 0, stdout: `${path}\n`, stderr: "" });
    expect(verified.stdout).toContain(`${path}: right, SHA-256 ${entry.sha256}`);
    await writeFile(path, data.toReversed());
    const wrong = await here("verify", "--json");
    expect(wrong).toMatchObject({ code: 1, stdout: "[]\n" });
    expect(JSON.parse(wrong.stderr)).toMatchObject({
      code: "weights-format",
      message: expect.stringContaining("SHA-256 is"),
    });
    expect((await here("rm", entry.file)).stdout).toBe(`${path}: removed, ${sizeInWords()} freed\n`);
    expect(await files()).toEqual([]);
  });

  test("what is asked for and not there cannot be verified; addresses are shown without a password", async () => {
    const { code, stdout, stderr } = await here("verify", "resnet50", "resnet18");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^residual: resnet50-0676ba61\.pth: is not in the cache.*\nresidual: resnet18-.*\n$/);
    expect(await here("verify", "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" });
    const env = { RESIDUAL_MIRROR: server.address.replace("//", "//me:secret@") };
    const listed = await residual(["weights", "list", "--json"], { env });
    expect(JSON.parse(listed.stdout)[0].url).toBe(`${server.address}resnet18-f37072fd.pth`);
  });

  test("the others are done too where one fails", async () => {
    server.script = [{ status: 404 }];
    const { code, stdout, stderr } = await here("download", "resnet18", entry.file, "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject([{ file: entry.file, downloaded: true, bytes: data.length }]);
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ level: "error", message: expect.stringMatching(/^resnet18 .*404 Not Found/) });
    expect(lines.at(-1)).toEqual({ level: "progress", file: entry.file, received: data.length, total: data.length });
  });

  test("two processes fetch once", async () => {
    const { promise: until, resolve: waits } = Promise.withResolvers<void>();
    server.script = [{ stallAfter: 100_000, until }];
    const first = download();
    await begun(0);
    const [one, two] = await Promise.all([first, download({ onStderr: () => waits() })]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(two.stderr).toMatch(/^residual: \S+: process \d+ is downloading it; waiting for that\n$/);
    expect(server.requests.length).toBe(1);
    expect(await files()).toEqual([entry.file]);
  });

  test("rm leaves alone what is being fetched", async () => {
    const { promise: until, resolve: removed } = Promise.withResolvers<void>();
    server.script = [{ stallAfter: 100_000, until }];
    const running = download();
    await begun(0);
    const { code, stderr } = await here("rm", entry.file);
    removed();
    expect(code).toBe(1);
    expect(stderr).toMatch(/process \d+ is downloading it; wait for that, or end it, and try again/);
    expect((await running).code).toBe(0);
  });

  test.each([
    ["SIGKILL", "SIGKILL", true],
    ["SIGINT", 130, false],
    ["SIGTERM", 143, false],
  ] as const)("after %s the next goes on", async (signal, code, locked) => {
    server.script = [{ stallAfter: 200_000 }];
    let kill = (): void => {};
    const running = download({ onStart: (process) => (kill = () => process.kill(signal)) });
    await begun(150_000);
    kill();
    const ended = await running;
    expect(ended.code).toBe(code);
    if (!locked) expect(ended.stderr).toBe("residual: interrupted; what has come stays for the next time\n");
    const left = [`${entry.file}.partial`, `${entry.file}.partial.json`];
    expect(await files()).toEqual(locked ? [`${entry.file}.lock`, ...left] : left);
    const next = await here("download", entry.file);
    expect(next.code).toBe(0);
    expect(next.stderr).toMatch(/^residual: \S+: going on after the \d+ bytes that are here already\n$/);
    expect(server.requests[1]).toMatchObject({ range: expect.stringMatching(/^bytes=\d{6}-$/), ifRange: '"one"' });
    await expectWhole();
    expect(await files()).toEqual([entry.file]);
  });

  test("HTTP_PROXY is obeyed, and NO_PROXY", async () => {
    await using proxy = await loopbackServer(data);
    const env = { HTTP_PROXY: proxy.address, RESIDUAL_MIRROR: "http://weights.invalid/" };
    expect(await download({ env })).toMatchObject({ code: 0, stderr: "" });
    expect(proxy.proxied).toEqual([`http://weights.invalid/${entry.file}`]);
    await rm(folder, { recursive: true });
    const { code } = await download({ env: { HTTP_PROXY: proxy.address, NO_PROXY: "127.0.0.1" } });
    expect(code).toBe(0);
    expect(proxy.proxied.length).toBe(1);
    expect(server.requests.length).toBe(1);
  });

  test("HTTPS_PROXY is asked for a tunnel; a proxy that is none is said", async () => {
    await using proxy = await loopbackServer();
    const { port } = new URL(server.address);
    const env = { HTTPS_PROXY: proxy.address, RESIDUAL_MIRROR: `https://127.0.0.1:${port}/` };
    expect((await download({ env })).code).toBe(1); // the server speaks no TLS
    expect(proxy.proxied).toContain(`127.0.0.1:${port}`);
    const { stderr } = await download({ env: { HTTP_PROXY: "no address" } });
    expect(stderr).toMatch(/the proxy's address is none \(.*HTTP_PROXY.*\): .*by hand/);
    expect(stderr).not.toContain("TORCH_HOME"); // another folder would change nothing
  });
});

test("features download on the way, with the table's preset, and offline uses what is there", async () => {
  const args = ["features", photo, "--model", "tiny", "--weights", "IMAGENET1K_V1", "--device", "reference"];
  const first = await residual(args);
  const address = `${server.address}x.safetensors`;
  const [second, third] = await Promise.all([
    residual([...args, "--offline"]),
    residual(["features", photo, "--model", "tiny", "--weights", address, "--device", "reference"]),
  ]);
  expect([first.code, second.code, third.code]).toEqual([0, 0, 0]);
  expect(second.stdout).toBe(first.stdout);
  expect(server.requests.at(-1)!.range).toMatch(/^bytes=/);
});

describe("in a program", () => {
  beforeEach(() => {
    vi.stubEnv("TORCH_HOME", home);
  });
  const weights = "IMAGENET1K_V1";
  const device = "reference";

  test("onProgress, mirror; the model says which file, which licence, and prepares as the table says", async () => {
    const progress: DownloadProgress[] = [];
    const onProgress = (one: DownloadProgress) => progress.push(one);
    using model = await openModel({ model: "tiny", weights, device, mirror: new URL(server.address), onProgress });
    expect(progress.at(-1)).toEqual({ file: entry.file, received: data.length, total: data.length });
    expect(model.info).toMatchObject({ weights: join(folder, entry.file), preset: presets["torchvision-v2"] });
    using file = await openModel({ model: "tiny", weights: join(folder, entry.file), device });
    expect(file.info.preset).toBe(presets["torchvision-v2"]); // known by its name
    using url = await openModel({ model: "tiny", weights: new URL("a.safetensors", server.address), device });
    expect(url.info).toMatchObject({ weights: `${server.address}a.safetensors`, classes: 3 });
  });

  test("an abort ends a download and the opening of an address", async () => {
    const reason = new Error("enough");
    for (const source of [weights, new URL("a.safetensors", server.address)]) {
      server.script = [{ stallAfter: 1000 }];
      const controller = new AbortController();
      const opening = openModel({
        model: "tiny",
        weights: source,
        device,
        mirror: server.address,
        signal: controller.signal,
      });
      const count = server.requests.length;
      await eventually(() => expect(server.requests.length).toBeGreaterThan(count));
      controller.abort(reason);
      await expect(opening).rejects.toBe(reason);
    }
  });

  test("a damaged file in the cache says how to be rid of it", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, entry.file), new Uint8Array(data.length));
    await expect(openModel({ model: "tiny", weights, device })).rejects.toThrow(
      `it lies in the cache: residual weights verify ${entry.file} says whether it is whole, residual weights rm removes it`,
    );
  });
});

function sizeInWords(): string {
  return `${(data.length / 2 ** 20).toFixed(1)} MiB`;
}

test("convert from an address: offline nothing is fetched, and Ctrl-C ends a server's silence", async () => {
  const args = ["convert", `${server.address}a.safetensors`, join(home, "out.safetensors")];
  const offline = await residual(args, { env: { RESIDUAL_OFFLINE: "1" } });
  expect(offline).toMatchObject({ code: 1, stderr: expect.stringContaining("downloads are switched off") });
  expect(server.requests).toEqual([]);
  server.script = [{ stallAfter: 10 }];
  const stopped = await residual(args, {
    onStart: (running) =>
      void eventually(() => expect(server.requests.length).toBe(1)).then(() => running.kill("SIGINT")),
  });
  expect(stopped).toMatchObject({ code: 130, stderr: expect.stringContaining("out.safetensors was not written") });
  expect(await readdir(home)).toEqual([]);
});
