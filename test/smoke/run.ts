// `npm run test:runtimes`: the smoke program in Node 22, Node 24, Deno, Bun and headless Chromium, on WebAssembly and,
// where the runtime has it, on WebGPU; all vectors are compared with each other and with PyTorch's. One row a run; a
// runtime that does not start, or a run that fails, is a row too, and an exit code of 1.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { startBrowser } from "./browser.ts";
import { type Row, type Run, report } from "./report.ts";
import type { Device } from "./smoke.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const installed = (path: string) => fileURLToPath(new URL(`../runtimes/node_modules/${path}`, import.meta.url));
const program = fileURLToPath(new URL("command.ts", import.meta.url));
const photos = readdirSync(`${root}examples/photos`)
  .filter((name) => !name.endsWith(".md"))
  .sort()
  .map((name) => `examples/photos/${name}`);

interface Runtime {
  name: string;
  devices: Device[];
  run(device: Device): Promise<Run>;
}

/** A runtime that runs `command.ts` as it is; `command` may have arguments of its own. */
function commandLine(name: string, devices: Device[], [command, ...args]: [string, ...string[]]): Runtime {
  const run = async (device: Device) => {
    const options = { cwd: root, env: { ...process.env, NO_COLOR: "1" }, timeout: 300_000, maxBuffer: 1 << 26 };
    const all = [...args, "--conditions=source", program, device, ...photos];
    const { stdout } = await promisify(execFile)(command, all, options);
    return JSON.parse(stdout) as Run;
  };
  return { name, devices, run };
}

function inBrowser(name: string, devices: Device[], isolated: boolean): Runtime {
  const run = async (device: Device) => {
    await using browser = await startBrowser({ isolated });
    const paths = photos.map((photo) => `/${photo}`);
    return { ...(await browser.run(device, paths)), version: browser.version };
  };
  return { name, devices, run };
}

const runtimes: Runtime[] = [
  commandLine("Node 24", ["wasm", "webgpu"], [process.execPath]), // first: the others are compared with it
  commandLine("Node 22", ["wasm", "webgpu"], [installed("n22/bin/node")]),
  commandLine("Deno", ["wasm", "webgpu"], [installed("@deno/linux-x64-glibc/deno"), "run", "--allow-all"]),
  commandLine("Bun", ["wasm", "webgpu"], [installed("@oven/bun-linux-x64/bin/bun")]),
  inBrowser("Chromium", ["wasm", "webgpu"], true),
  inBrowser("Chromium, page not isolated", ["wasm"], false),
];

const pytorch = await pytorchVectors(photos);
const rows: Row[] = [];
for (const { name, devices, run } of runtimes) {
  for (const device of devices) {
    console.error(`${name}, ${device} …`);
    const outcome = await run(device).catch((error: unknown) => firstLines(error));
    rows.push({ runtime: name, device, outcome });
  }
}
const first = rows[0]?.outcome;
const vectors = first === undefined || first instanceof Error ? [] : first.vectors;
const { text, ok } = report(rows, { pytorch, first: vectors });
console.log(text);
process.exitCode = ok ? 0 : 1;

/** PyTorch's vectors of tiny, in the photos' order. */
async function pytorchVectors(photos: string[]): Promise<number[][]> {
  const golden = await openSafetensors(`${root}test/golden/networks/tiny.safetensors`);
  const vectors: number[][] = [];
  for (const photo of photos) {
    const vector = golden.tensors.get(`${basename(photo)}/avgpool`);
    if (!vector) throw new Error(`${golden.source} has no vector of ${photo}: make the goldens anew (tools/golden)`);
    vectors.push(Array.from(await vector.read()));
  }
  await golden.close();
  return vectors;
}

/** What a failed program said, short enough for a row: its error's line, else its first lines. */
function firstLines(error: unknown): Error {
  const said = (error as { stderr?: string }).stderr?.trim() || String(error);
  const lines = said.split("\n").map((line) => line.trim());
  return new Error(lines.find((line) => /^\S*Error: |error.*: /.test(line)) ?? lines.slice(0, 4).join(" | "));
}
