/** `residual serve` as an operator runs it: what it says, what it refuses to start with, and how it ends. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot, zeroWeights } from "../../test/support/small-weights.ts";
import { type RunningProcess, type RunResult, runResidual } from "../../test/support/spawn-residual.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const key = "a-key-of-this-test";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual serve-"));
  await writeFile(at("resnet18.safetensors"), zeroWeights("resnet18", 0));
  await writeFile(at("keys"), `alice sha256:${createHash("sha256").update(key).digest("hex")}\n`);
  await writeFile(at("wrong-keys"), `alice ${key}\n`);
  await writeFile(at("file"), "");
  await mkdir(at("broken/.residual"), { recursive: true });
  await writeFile(at("broken/.residual/access-lists.json"), "[");
});
afterAll(() => rm(folder, { recursive: true }));

interface Started {
  readonly process: RunningProcess;
  readonly base: string;
  readonly result: Promise<RunResult>;
}

/** Starts a server, and waits until it listens. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Started> {
  return new Promise((resolve, reject) => {
    let said = "";
    const result: Promise<RunResult> = runResidual(
      ["serve", "--port", "0", "--data", at("store"), "--device", "wasm", ...args],
      {
        env,
        onStderr: (text, process) => {
          said += text;
          const base = /listening on (http:\S+?)["\s]/.exec(said)?.[1];
          if (base !== undefined) resolve({ process, base, result });
        },
      },
    );
    void result.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)), reject);
  });
}

const post = (base: string, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  fetch(`${base}/v1/features?depth=18`, {
    method: "POST",
    headers: { "Content-Type": "image/jpeg", Authorization: key },
    body,
  });

describe("it does not start", () => {
  it.each<[string[], Record<string, string>, number, RegExp]>([
    [[], {}, 2, /required option '--data <folder>' not specified/],
    [
      ["--data", "store", "--host", "0.0.0.0"],
      {},
      2,
      /^residual: --host 0\.0\.0\.0: without keys the server listens on loopback only/,
    ],
    [["--data", "store", "--host", "::"], {}, 2, /without keys the server listens on loopback only/],
    [["--data", "store", "--keys", "wrong-keys"], {}, 2, /wrong-keys:1: expected USER sha256:HEX/],
    [["--data", "store", "--keys", "nowhere"], {}, 2, /--keys nowhere: cannot be read \(ENOENT\)/],
    [["--data", "store"], { RESIDUAL_API_KEY: "short" }, 2, /RESIDUAL_API_KEY: a key has 8 to 512 characters/],
    [["--data", "store"], { RESIDUAL_API_KEY: "" }, 2, /RESIDUAL_API_KEY: a key has 8 to 512 characters/],
    [["--data", "file"], {}, 2, /--data file: cannot be used as the store's folder/],
    [["--data", "broken"], {}, 2, /access-lists\.json: no file of access lists/],
    [
      ["--data", "store", "--weights", "resnet18.safetensors"],
      {},
      2,
      /--weights resnet18\.safetensors: expected DEPTH=WEIGHTS/,
    ],
    [["--data", "store", "--weights", "19=a"], {}, 2, /--weights 19: there is no ResNet of that depth/],
    [["--data", "store", "--weights", "18=a", "--weights", "18=b"], {}, 2, /--weights 18=…: is given twice/],
    [["--data", "store", "--preload", "18,19"], {}, 2, /--preload 19: there is no ResNet of that depth/],
    [["--data", "store", "--port", "70000"], {}, 2, /--port 70000: expected a whole number from 0 to 65535/],
    [["--data", "store", "--port", "1", "--port", "2"], {}, 2, /--port: given twice/],
    [["--data", "store", "--alias", "features"], {}, 2, /--alias features: expected USER\/NAME/],
    [["--data", "store", "--port", "0", "--weights", "18=nowhere"], {}, 1, /nowhere: no such file/],
    [
      ["--data", "store", "--weights", "50=resnet18.safetensors"],
      {},
      1,
      /resnet18\.safetensors does not fit resnet50: /,
    ],
    [["--data", "store", "--weights", "50=IMAGENET1K_V3"], {}, 2, /IMAGENET1K_V3/],
  ])("%j %j", async (args, env, code, message) => {
    const result = await runResidual(["serve", ...args], { cwd: folder, env });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain(key);
    expect([result.code, result.stdout]).toEqual([code, ""]);
  });

  it("where the port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const port = String((other.address() as AddressInfo).port);
    const result = await runResidual(["serve", "--data", at("store"), "--port", port]);
    other.close();
    expect([result.code, result.stderr]).toEqual([
      2,
      expect.stringContaining(`127.0.0.1 port ${port} is taken by another program`),
    ]);
  });
});

it("serves, finishes what was accepted when it is told to stop, and ends with 0; the log has no secret", async () => {
  const photo = new Uint8Array(await readFile(fromRoot("examples/photos/clock.jpg")));
  const { process, base, result } = await start([
    "--keys",
    at("keys"),
    "--weights",
    `18=${at("resnet18.safetensors")}`,
    "--json",
  ]);
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
  expect((await fetch(`${base}/v1/data/.my`)).status).toBe(401);
  const replies = Array.from({ length: 6 }, () => post(base, photo)); // the network is loaded by the first
  for (let accepted = 0; accepted < replies.length; ) {
    const metrics = await (await fetch(`${base}/metrics`)).text();
    const numbers = metrics.matchAll(
      /^residual_(?:requests_under_way|http_requests_total\{route="\/v1\/features".*) (\d+)$/gm,
    );
    accepted = [...numbers].reduce((sum, [, count]) => sum + Number(count), 0);
  }
  process.kill("SIGTERM");
  for (const reply of await Promise.all(replies))
    expect((await reply.json()).features[0].feature_vector).toHaveLength(512);
  const { code, stdout, stderr } = await result;
  expect([code, stdout]).toEqual([0, ""]);
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ path, status }) => path === "/v1/features" && status === 200)).toHaveLength(6);
  expect(stderr).not.toContain(key);
  await expect(fetch(`${base}/healthz`)).rejects.toThrow();
});

it("says that without keys it is for this machine alone, and ends at Ctrl-C", async () => {
  const { process, result } = await start([]);
  process.kill("SIGINT");
  const { code, stderr } = await result;
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^residual: listening on http:\/\/127\.0\.0\.1:\d+\nresidual: no key is named: whoever is on this machine may call/,
  );
});

it("a caller that closes its connection leaves nothing behind", async () => {
  const { process, base, result } = await start([
    "--weights",
    `18=${at("resnet18.safetensors")}`,
    "--max-requests",
    "1",
  ]);
  const photo = new Uint8Array(await readFile(fromRoot("examples/photos/clock.jpg")));
  const abort = new AbortController();
  const gone = fetch(`${base}/v1/features?depth=18`, {
    method: "POST",
    headers: { "Content-Type": "image/jpeg" },
    body: photo,
    signal: abort.signal,
  });
  await new Promise((resolve) => setTimeout(resolve, 100)); // the network is being loaded
  abort.abort();
  await expect(gone).rejects.toThrow();
  let status = 503;
  for (let i = 0; i < 100 && status === 503; i++) status = (await post(base, photo)).status;
  expect(status).toBe(200);
  process.kill("SIGTERM");
  expect((await result).stderr).toContain('"the caller went away"');
});

it("uploads are whole or not there, and links in the store lead nowhere", async () => {
  const { process, base, result } = await start([]);
  const put = (name: string, body: BodyInit): Promise<Response> =>
    fetch(`${base}/v1/data/.my/${name}`, { method: "PUT", body });
  expect((await put("a.txt", "one")).status).toBe(200);
  expect((await put("a.txt", "two")).status).toBe(200);
  await symlink(at("keys"), at("store/local/link"));
  expect((await put("link", "planted")).status).toBe(400);
  expect((await fetch(`${base}/v1/data/.my/link`)).status).toBe(400);
  expect(await (await fetch(`${base}/v1/data/.my/a.txt`)).text()).toBe("two");
  expect(await readFile(at("keys"), "utf8")).toContain("alice");
  expect(await readdir(at("store/local"))).toEqual(["a.txt", "link"]);
  process.kill("SIGTERM");
  expect((await result).code).toBe(0);
});
