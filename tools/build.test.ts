// The build on a small package of the same kind as this one: what it makes runs in Node by itself, and what it must
// refuse it refuses.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { build } from "./build.ts";

const ours = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const sources = {
  "package.json": JSON.stringify({
    type: "module",
    bin: { small: "./dist/cli/main.js" },
    imports: { "#platform": { source: "./src/platform/node.ts", default: "./dist/platform/node.js" } },
  }),
  "assets/word.txt": "from an asset",
  "src/platform/node.ts": `export { readFileSync as read } from "node:fs";`,
  "src/jobs/job.ts": `
    import { parentPort, workerData } from "node:worker_threads";
    const doubled: number = workerData * 2;
    parentPort?.postMessage(doubled);`,
  "src/jobs/pool.ts": `
    import { Worker } from "node:worker_threads";
    export const run = (x: number): Promise<number> =>
      new Promise((done, failed) => {
        const worker = new Worker(new URL("./job.ts", import.meta.url), { workerData: x });
        worker.on("message", done).on("error", failed);
      });`,
  "src/cli/main.ts": `#!/usr/bin/env node
    import { read } from "#platform";
    import { run } from "../jobs/pool.ts";
    console.log(await run(21), read(new URL("../../assets/word.txt", import.meta.url), "utf8"));`,
  "src/cli/main.test.ts": "export const notForDist = true;",
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function packageWith(changed: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "build-"));
  folders.push(root);
  for (const [path, text] of Object.entries({ ...sources, ...changed })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const config of ["tsconfig.json", "tsconfig.build.json"]) {
    writeFileSync(join(root, config), readFileSync(ours(config), "utf8"));
  }
  symlinkSync(ours("node_modules"), join(root, "node_modules"));
  return root;
}

test("what is built runs without src/: its command, a worker named by URL, an asset, #platform, types", async () => {
  const root = packageWith({});
  await build(root);
  rmSync(join(root, "src"), { recursive: true });
  expect(execFileSync(join(root, "dist/cli/main.js"), { encoding: "utf8" })).toBe("42 from an asset\n");
  expect(readFileSync(join(root, "dist/jobs/pool.d.ts"), "utf8")).toContain("run: (x: number) => Promise<number>");
  expect(existsSync(join(root, "dist/cli/main.test.js"))).toBe(false);
});

test.each([
  ["a type error", { "src/errors.ts": `export const x: number = "one";` }, "tsc found faults:\nsrc/errors.ts(1,14)"],
  [
    "a URL that names no file",
    { "src/errors.ts": `\nexport const x = new URL("./absent.ts", import.meta.url);` },
    "src/errors.ts:2: a URL names ./absent.ts, and there is no such file",
  ],
  ["a command without its first line", { "src/cli/main.ts": "console.log(1);" }, "./dist/cli/main.js: a command"],
])("%s is refused", async (_, changed, message) => {
  await expect(build(packageWith(changed))).rejects.toThrow(message);
});
