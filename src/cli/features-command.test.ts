/** `residual features` as a user runs it: what comes out, in which order and form, and which exit code. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot, tinyWeights } from "../../test/support/small-weights.ts";
import { type RunOptions, type RunResult, runResidual } from "../../test/support/spawn-residual.ts";
import { openModel } from "../model/open-model.ts";

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual cli-"));
  await writeFile(at("small.safetensors"), await tinyWeights({ crop: 32 }));
  for (const [photo, name] of [
    ["cat-eyes.jpg", "eyes.jpg"],
    ["cat.png", "a b.png"],
    ["clock.jpg", "named like text.txt"],
    ["coffee-dim.webp", "line\nbreak.webp"],
  ])
    copyFileSync(fromRoot(`examples/photos/${photo}`), at(name!));
  await mkdir(at("stopped"));
  await mkdir(at("mixed"));
  copyFileSync(at("eyes.jpg"), at("mixed/1.jpg"));
  await writeFile(at("mixed/2.jpg"), "The quick brown fox");
  await writeFile(at("mixed/3.png"), "");
  await symlink(at("mixed/nowhere"), at("mixed/4.jpeg"));
  execFileSync("mkfifo", [at("mixed/5.gif")]);
  copyFileSync(at("eyes.jpg"), at("mixed/6.jpg"));
  await mkdir(at("mixed/7.jpg"));
  await symlink(at("loop.jpg"), at("loop.jpg"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs in the folder of the photos, on small weights. */
function features(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const fixed = ["--model", "tiny", "--weights", "small.safetensors", "--device", "wasm"];
  return runResidual(["features", ...args, ...fixed], { cwd: folder, ...options });
}

interface Row {
  readonly image_path: string;
  readonly feature_vector?: number[];
  readonly error?: { readonly code: string; readonly message: string };
}

const rowsOf = (jsonl: string): Row[] =>
  jsonl
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe("what comes out", () => {
  it.concurrent("is a line an image in the order given, with the library's numbers as JSON has doubles", async () => {
    const paths = ["a b.png", "eyes.jpg", "a b.png", "named like text.txt", "line\nbreak.webp"];
    const { code, stdout, stderr } = await features([...paths, "--batch", "2"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.endsWith("}\n")).toBe(true);
    const lines = stdout.trimEnd().split("\n");
    expect(rowsOf(stdout).map((row) => row.image_path)).toEqual(paths);
    using model = await openModel({ model: "tiny", weights: at("small.safetensors"), device: "wasm" });
    for (const [i, path] of paths.entries()) {
      const vector = Array.from((await model.features(at(path))).vector);
      expect(lines[i]).toBe(JSON.stringify({ image_path: path, feature_vector: vector }));
    }
  });

  it.concurrent("as --format json is the hosted service's list; -o writes the same bytes, by the suffix", async () => {
    const paths = ["eyes.jpg", "a b.png"];
    const [json, jsonl, file] = await Promise.all([
      features([...paths, "--format", "json"]),
      features(paths),
      features([...paths, "-o", "out.JSON"]),
    ]);
    const list: Row[] = JSON.parse(json!.stdout);
    expect(list).toEqual(rowsOf(jsonl!.stdout));
    expect(list.map((row) => Object.keys(row))).toEqual(Array(2).fill(["image_path", "feature_vector"]));
    expect(list[0]!.feature_vector!.length).toBe(128);
    expect(file).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await readFile(at("out.JSON"), "utf8")).toBe(json!.stdout);
  });

  it.concurrent("takes a list on standard input, where the - stands", async () => {
    const stdin = "a b.png\r\n\nnamed like text.txt";
    const { code, stdout } = await features(["eyes.jpg", "-", "eyes.jpg", "--quiet"], { stdin });
    expect(code).toBe(0);
    expect(rowsOf(stdout).map((row) => row.image_path)).toEqual([
      ...["eyes.jpg", "a b.png", "named like text.txt", "eyes.jpg"],
    ]);
  });

  it.concurrent("takes a list in a file, folders within folders, patterns, and data:// with its folder", async () => {
    await mkdir(at("store/set/inner"), { recursive: true });
    copyFileSync(at("eyes.jpg"), at("store/set/1.jpg"));
    copyFileSync(at("eyes.jpg"), at("store/set/inner/2.jpg"));
    await writeFile(at("list.txt"), "eyes.jpg\nno*.jpg\n\na b.png");
    const paths = ["store/*/1.jpg", "data://.my/set", "data://.my/../eyes.jpg", "data://other/set"];
    const { code, stdout, stderr } = await features([...paths, "--list", "list.txt", "--data", "store", "--recursive"]);
    expect(rowsOf(stdout).map(({ image_path, error }) => [image_path, error?.code])).toEqual([
      ["store/set/1.jpg", undefined],
      ["data://.my/set/1.jpg", undefined],
      ["data://.my/set/inner/2.jpg", undefined],
      ["data://.my/../eyes.jpg", "not-found"],
      ["data://other/set", "not-found"],
      ["eyes.jpg", undefined],
      ["no*.jpg", "not-found"],
      ["a b.png", undefined],
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain("data://other/set: only data://.my can be read here");
    const strict = await features([...paths, "--data", "store", "--strict"]);
    expect(strict.code).toBe(1);
    expect(rowsOf(strict.stdout).length).toBe(2);
    expect(strict.stderr.trimEnd().split("\n").at(-1)).toMatch(/leads out of the data's folder$/);
  });

  it.concurrent("is nothing where the list on standard input is empty: wrong use", async () => {
    const { code, stdout, stderr } = await features(["-"], { stdin: "\n" });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("residual: standard input named no images; one path a line is expected\n");
  });

  it.concurrent("is nothing where standard input is a folder: wrong use", async () => {
    const stdin = openSync(folder, "r");
    const { code, stdout, stderr } = await features(["-"], { stdin });
    closeSync(stdin);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("residual: standard input is a folder; name it as an argument, or list one path a line\n");
  });

  it.concurrent("follows --layer, --pool and --normalize", async () => {
    const { stdout } = await features(["eyes.jpg", "--layer", "layer2", "--pool", "max", "--normalize", "l2"]);
    using model = await openModel({ model: "tiny", weights: at("small.safetensors"), device: "wasm" });
    const options = { layer: "layer2", pool: "max", normalize: "l2" } as const;
    const { vector } = await model.features(at("eyes.jpg"), options);
    expect(rowsOf(stdout)[0]!.feature_vector).toEqual(Array.from(vector));
  });

  it.concurrent("says what auto took, and nothing with --quiet", async () => {
    const args = ["features", "eyes.jpg", "--model", "tiny", "--weights", "small.safetensors"];
    const [said, quiet] = await Promise.all([
      runResidual(args, { cwd: folder }),
      runResidual([...args, "--quiet"], { cwd: folder }),
    ]);
    expect(said!.stderr).toMatch(/^residual: runs on (wasm|webgpu) \(.+\): .+\n$/);
    expect(quiet!.stderr).toBe("");
    expect(said!.stdout).toBe(quiet!.stdout);
  });
});

describe("bad images", () => {
  it.concurrent("stand in their place, one line each on standard error; the others come out; exit code 3", async () => {
    const { code, stdout, stderr } = await features(["mixed", "nowhere.jpg", "loop.jpg", "a\nb.jpg", "eyes.jpg"]);
    expect(code).toBe(3);
    const rows = rowsOf(stdout);
    expect(rows.map(({ image_path, error }) => [image_path, error?.code])).toEqual([
      ["mixed/1.jpg", undefined],
      ["mixed/2.jpg", "not-an-image"],
      ["mixed/3.png", "not-an-image"],
      ["mixed/4.jpeg", "not-found"],
      ["mixed/5.gif", "not-readable"],
      ["mixed/6.jpg", undefined],
      ["nowhere.jpg", "not-found"],
      ["loop.jpg", "not-readable"],
      ["a\nb.jpg", "not-found"],
      ["eyes.jpg", undefined],
    ]);
    expect(stderr.trimEnd().split("\n")).toEqual([
      "residual: mixed: left out 1 subfolder (7.jpg)",
      'residual: mixed/2.jpg: not an image: starts with "The q"; JPEG, PNG, WebP and GIF are read',
      "residual: mixed/3.png: not an image: the file is empty; JPEG, PNG, WebP and GIF are read",
      "residual: mixed/4.jpeg: no such file or folder",
      "residual: mixed/5.gif: is not a regular file, and only those are read",
      "residual: nowhere.jpg: no such file or folder",
      expect.stringMatching(/^residual: loop\.jpg: cannot be read \(ELOOP/),
      "residual: a\\nb.jpg: no such file or folder",
      "residual: 7 of 10 images failed; the others are there",
    ]);
    expect(rows[1]!.error!.message).toBe(
      'mixed/2.jpg: not an image: starts with "The q"; JPEG, PNG, WebP and GIF are read',
    );
  });

  it.concurrent("alone are exit code 1, and --json says them as JSON", async () => {
    const { code, stdout, stderr } = await features(["nowhere.jpg", "--json"]);
    expect(code).toBe(1);
    const message = "nowhere.jpg: no such file or folder";
    expect(rowsOf(stdout)).toEqual([{ image_path: "nowhere.jpg", error: { code: "not-found", message } }]);
    expect(
      stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { level: "error", code: "not-found", message },
      { level: "progress", done: 1, total: 1, imagesPerSecond: expect.any(Number), secondsLeft: 0 },
      { level: "notice", message: "1 of 1 images failed" },
    ]);
  });
});

describe("a reader or a user who stops", () => {
  const many = Array.from({ length: 400 }, () => "eyes.jpg");

  it.concurrent("| head: ends quietly", async () => {
    const { code, stderr } = await features(many, { onStdout: (_, running) => running.closeStdout() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it.concurrent("Ctrl-C: 130, the batch is finished and kept, and --resume goes on", async () => {
    let stopped = false;
    const stop: RunOptions["onStderr"] = (text, running) => {
      if (!stopped && text.includes('"progress"')) running.kill("SIGINT");
      stopped ||= text.includes('"progress"');
    };
    const args = [...many, "-o", "stopped/rows.jsonl"];
    const { code, stdout, stderr } = await features([...args, "--json"], { onStderr: stop });
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    const said = stderr
      .trimEnd()
      .split("\n")
      .map((line): { level: string; message: string } => JSON.parse(line));
    expect(said.at(-1)!.message).toBe(
      "interrupted; stopped/rows.jsonl.part keeps what is done: the same with --resume goes on",
    );
    expect(await readdir(at("stopped"))).toEqual(["rows.jsonl.part"]);
    const again = await features(args);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/rows\.jsonl\.part: an earlier run stopped after \d+ images; go on with --resume, or/);
    const other = await features([...args, "--resume", "--layer", "layer3"]);
    expect(other.code).toBe(2);
    expect(other.stderr).not.toContain("goes on after");
    expect(other.stderr).toMatch(/belongs to another run \(layer was avgpool, is layer3\)/);
    const resumed = await features([...args, "--resume"]);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toMatch(/^residual: stopped\/rows\.jsonl: goes on after \d+ images\n$/);
    expect(rowsOf(await readFile(at("stopped/rows.jsonl"), "utf8")).length).toBe(many.length);
    expect(await readdir(at("stopped"))).toEqual(["rows.jsonl"]);
  });

  it.concurrent("--strict keeps what is done before the bad image, and says how to go on", async () => {
    await mkdir(at("strict"));
    const args = [...many.slice(0, 10), "broken.png", "-o", "strict/rows.jsonl"];
    await writeFile(at("broken.png"), "no image");
    const { code, stdout, stderr } = await features([...args, "--strict"]);
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: expect.stringMatching(
        /^residual: strict\/rows\.jsonl\.part keeps what is done: the same with --resume goes on\nresidual: broken\.png: not an image.*\n$/,
      ),
    });
    expect((await features([...args, "--resume"])).code).toBe(3);
    expect(rowsOf(await readFile(at("strict/rows.jsonl"), "utf8")).length).toBe(11);
  });

  it.concurrent("Ctrl-C twice ends what would not end", async () => {
    execFileSync("mkfifo", [at("unread")]); // opening it waits for a reader, who never comes
    // Nothing tells when the command is that far. Before that, the first signal suffices: then we wait for longer.
    for (const milliseconds of [1000, 4000, 10_000]) {
      let timer: NodeJS.Timeout | undefined;
      const { code, stderr } = await features(["mixed", "--json", "--format", "jsonl", "-o", "unread"], {
        onStderr: (text, running) => {
          // Again and again: two signals that wait are one.
          const signals = () => {
            timer = setInterval(() => running.kill("SIGINT"), 500);
          };
          if (text.includes("left out")) timer ??= setTimeout(signals, milliseconds);
        },
      });
      clearInterval(timer);
      if (code === 130) continue;
      expect(code).toBe("SIGINT"); // which a shell calls 130
      expect(stderr.trimEnd().split("\n").at(-1)).toBe('{"level":"notice","message":"interrupted"}');
      return;
    }
    expect.fail("the first signal always sufficed");
  });

  it.concurrent("Ctrl-C while standard input is awaited: 130", async () => {
    // Nothing tells when the command is that far. Before that, a signal ends the process: then we wait for longer.
    for (const milliseconds of [500, 1500, 4000, 10_000]) {
      const { code, stdout } = await features(["-"], {
        stdin: null,
        onStart: (running) => setTimeout(() => running.kill("SIGINT"), milliseconds),
      });
      expect(stdout).toBe("");
      if (code === "SIGINT") continue;
      expect(code).toBe(130);
      return;
    }
    expect.fail("the signal was never caught");
  });
});

describe("a name that is not UTF-8", () => {
  it.skipIf(process.platform !== "linux")("is said to be none, and costs only its own row", async () => {
    await mkdir(at("latin1"));
    copyFileSync(at("eyes.jpg"), Buffer.concat([Buffer.from(at("latin1/caf")), Buffer.of(0xe9), Buffer.from(".jpg")]));
    copyFileSync(at("eyes.jpg"), at("latin1/eyes.jpg"));
    const { code, stdout, stderr } = await features(["latin1"]);
    expect(code).toBe(3);
    expect(rowsOf(stdout).map(({ error }) => error?.code)).toEqual(["not-found", undefined]);
    expect(stderr).toMatch(
      /^residual: latin1\/caf\ufffd\.jpg: .* bytes that are not UTF-8; rename the file\nresidual: 1 of 2 /,
    );
  });
});

describe("a place that cannot be written", () => {
  it.concurrent("is said before the work, or as soon as it is met; exit code 1", async () => {
    const full = openSync("/dev/full", "w");
    const [missing, device, output, isFolder] = await Promise.all([
      features(["eyes.jpg", "-o", "nowhere/out.jsonl"]),
      features(["eyes.jpg", "-o", "/dev/full", "--format", "jsonl"]),
      features(["eyes.jpg"], { stdout: full }),
      features(["eyes.jpg", "-o", "mixed", "--format", "json"]),
    ]);
    closeSync(full);
    for (const [result, message] of [
      [missing, "residual: nowhere/out.jsonl: the folder nowhere does not exist; make it first\n"],
      [device, "residual: /dev/full: no space is left on its disk\n"],
      [output, "residual: standard output: cannot be written (ENOSPC: no space left on device, write)\n"],
      [isFolder, "residual: mixed: is a folder; name a file\n"],
    ] as const)
      expect(result).toEqual({ code: 1, stdout: "", stderr: message });
  });
});

it("Ctrl-C does not wait for a server that falls silent while weights load", async () => {
  const weights = await readFile(fromRoot("assets/tiny.safetensors"));
  let asked: () => void = () => {};
  const server = createServer(({ headers }, response) => {
    const [begin, end] = /^bytes=(\d+)-(\d+)$/
      .exec(headers.range ?? "")!
      .slice(1)
      .map(Number) as [number, number];
    if (begin > 0 || end >= 2 ** 16) return asked(); // the weights: what comes before is their header
    const total = weights.length;
    response.writeHead(206, { "content-range": `bytes 0-${end}/${total}`, "content-length": end + 1, etag: '"1"' });
    response.end(weights.subarray(0, end + 1));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const args = ["features", fromRoot("examples/photos"), "--model", "tiny", "--device", "wasm", "-o", "silent.jsonl"];
  const started = Date.now();
  const result = await runResidual([...args, "--weights", `http://127.0.0.1:${port}/tiny.safetensors`], {
    cwd: folder,
    onStart: (running) => {
      asked = () => running.kill("SIGINT");
    },
  });
  expect(result).toMatchObject({ code: 130, stdout: "", stderr: expect.stringContaining("interrupted") });
  expect(Date.now() - started).toBeLessThan(25_000); // the server's silence is given up after 30 s
  expect((await readdir(folder)).filter((name) => name.startsWith("silent"))).toEqual([]);
  server.closeAllConnections();
  server.close();
}, 60_000);
