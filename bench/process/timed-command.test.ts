import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { residentMemory, timeCommand } from "./timed-command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-timed-"));
});
afterAll(() => rm(folder, { recursive: true }));

const hasPython = process.platform !== "win32" && spawnSync("python3", ["--version"]).status === 0;
if (!hasPython)
  console.warn("skipped: a command's time and peak memory, since they are taken by python3, which is not here");
const isLinux = process.platform === "linux";
if (!isLinux) console.warn("skipped: a command's memory as it runs, since it is read from Linux's /proc");
const node = (script: string) => [process.execPath, "-e", script];

it.skipIf(!hasPython)("a command's time, peak memory, output and errors are known", async () => {
  const script = "const held = new Uint8Array(2e8).fill(1); console.log(held.length); console.error('7.5');";
  const output = join(folder, "out.txt");
  const timed = await timeCommand([...node(script)], { output, python: "python3" });
  expect(timed.peakMiB).toBeGreaterThan(2e8 / 2 ** 20);
  expect(timed.milliseconds).toBeGreaterThan(10);
  expect(timed.errors.trim()).toBe("7.5");
  expect(await readFile(output, "utf8")).toBe("200000000\n");
});

it.skipIf(!hasPython)("one that fails is an error with what it said", async () => {
  const failing = timeCommand(node("throw new Error('no paper')"), { output: join(folder, "none"), python: "python3" });
  await expect(failing).rejects.toThrow(/ended with 1:[\s\S]*no paper/);
});

it.skipIf(!isLinux)("a command's memory is looked at as it runs", async () => {
  const samples = await residentMemory(node("setTimeout(() => 0, 300); new Uint8Array(1e8).fill(1);"), 20);
  expect(samples.length).toBeGreaterThan(5);
  expect(Math.max(...samples)).toBeGreaterThan(1e8 / 2 ** 20);
});
