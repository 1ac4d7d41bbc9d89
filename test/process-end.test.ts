/** A process ends by itself when it has nothing left to do, whether it disposed of what it opened or not. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromRoot } from "./support/small-weights.ts";
import { runScript } from "./support/spawn-residual.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-end-"));
});
afterAll(() => rm(folder, { recursive: true }));

const index = JSON.stringify(fromRoot("src/index.ts"));
const tensors = JSON.stringify(fromRoot("src/engine/index.ts"));
const photo = JSON.stringify(fromRoot("examples/photos/cat.png"));
const open = `const { openModel } = await import(${index});
  const model = await openModel({ model: "tiny", device: "wasm" });`;

test.each([
  ["that disposed of everything", `${open} await model.features(${photo}); model.dispose(); console.log("done");`],
  ["that disposed of nothing", `${open} await model.features(${photo}); console.log("done");`],
  ["that only opened", `${open} console.log("done");`],
  [
    "that used tensors",
    `const { tensor, add } = await import(${tensors});
     console.log((await add(tensor([1, 2], [2]), tensor([3, 4], [2])).data({ device: "wasm" })).join() === "4,6" ? "done" : "");`,
  ],
  [
    "whose run was aborted",
    `${open} const abort = new AbortController();
     setTimeout(() => abort.abort(new Error("enough")), 1);
     await model.features(${photo}, { signal: abort.signal }).catch((error) => console.log(error.message === "enough" ? "done" : error));`,
  ],
])(
  "a program %s",
  async (_, source) => {
    const script = join(folder, "program.mts");
    await writeFile(script, source);
    const start = performance.now();
    const { code, stdout, stderr } = await runScript(relative(fromRoot("."), script), [], { stdin: null });
    expect([code, stdout, stderr]).toEqual([0, "done\n", ""]);
    expect(performance.now() - start).toBeLessThan(60_000); // a process that is kept alive is kept for ever
  },
  70_000,
);
