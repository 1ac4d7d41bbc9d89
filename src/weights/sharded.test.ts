/** Weights in several files with an index: what is read, and every way in which index and shards can disagree. */
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WeightError } from "../errors.ts";
import { bytesSource, FileError } from "../platform/byte-source.ts";
import type { ByteSource } from "../platform/sources.ts";
import { openWeights } from "./open-weights.ts";
import { writeSafetensors } from "./safetensors-write.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-shards-"));
  const shard = (tensors: Record<string, number>) =>
    writeSafetensors(
      Object.entries(tensors).map(([name, value]) => ({ name, dtype: "F32" as const, shape: [], data: [value] })),
      new Map([["format", "pt"]]),
    );
  await writeFile(join(folder, "m-00001-of-00002.safetensors"), shard({ a: 1, b: 2 }));
  await writeFile(join(folder, "m-00002-of-00002.safetensors"), shard({ c: 3 }));
  await writeFile(join(folder, "twice.safetensors"), shard({ a: 1 }));
});
afterAll(() => rm(folder, { recursive: true }));

const [one, two] = ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"];

async function index(json: unknown, name = "model.safetensors.index.json"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof json === "string" ? json : JSON.stringify(json));
  return path;
}

it("reads each tensor from its shard, by a path or a URL object", async () => {
  const path = await index({ metadata: { total_size: 12, by: "test" }, weight_map: { a: one, b: one, c: two } });
  for (const source of [path, pathToFileURL(path)]) {
    const file = await openWeights(source);
    const values = await Promise.all(["a", "b", "c"].map(async (name) => (await file.tensors.get(name)!.read())[0]));
    expect(values).toEqual([1, 2, 3]);
    expect(Object.fromEntries(file.metadata)).toEqual({ by: "test", format: "pt" });
    await file.close();
    await expect(file.tensors.get("a")!.read()).rejects.toThrow("closed");
  }
});

it("follows links to where the index itself really lies, as in Hugging Face's cache", async () => {
  const snapshot = join(folder, "snapshots", "main");
  await mkdir(join(folder, "blobs"), { recursive: true });
  await mkdir(snapshot, { recursive: true });
  const name = "model.safetensors.index.json";
  for (const [i, shard] of [one!, two!].entries()) {
    await copyFile(join(folder, shard), join(folder, "blobs", `shard${i}`));
    await symlink(join("..", "..", "blobs", `shard${i}`), join(snapshot, shard));
  }
  await writeFile(join(folder, "blobs", "index"), JSON.stringify({ weight_map: { a: one, b: one, c: two } }));
  await symlink(join("..", "..", "blobs", "index"), join(snapshot, name));
  const file = await openWeights(join(snapshot, name));
  expect([...(await file.tensors.get("c")!.read())]).toEqual([3]);
  await file.close();
});

it("is known by its content, whatever its name", async () => {
  const file = await openWeights(await index({ weight_map: { a: one, b: one, c: two } }, "weights.json"));
  expect(file.tensors.size).toBe(3);
  await file.close();
});

it.each([
  [{ weight_map: { a: one, b: one } }, "has no tensor of shard 2 of 2: the index is of another set"],
  [{ weight_map: { a: one, c: two } }, `does not name "b", which is in "${one}"`],
  [{ weight_map: { a: one, b: one, d: two } }, `says that "d" is in "${two}", and it is not there`],
  [
    { weight_map: { a: one, b: one, c: two, d: "other.safetensors" } },
    'its shard "other.safetensors" with 1 tensors cannot be had: ',
  ],
  [
    { weight_map: { a: "twice.safetensors", b: one, c: two } },
    `says that "a" is in "twice.safetensors", and "${one}" has it too`,
  ],
  [{ weight_map: { a: one, b: one, c: "m-00002-of-00003.safetensors" } }, "names shards of two sets"],
  [{ weight_map: { a: "../m.safetensors" } }, "only a relative path into its own folder"],
  [{ weight_map: { a: "/etc/hostname" } }, "only a relative path"],
  [{ weight_map: { a: 5 } }, 'weight_map: "a" must be the name of a file'],
  [{ weight_map: {} }, 'an index of shards has a "weight_map"'],
  [{ other: 1 }, 'an index of shards has a "weight_map"'],
  ['{"weight_map": {"a": "x", "a": "y"}}', 'the key "a" stands twice'],
  [{ weight_map: { a: "model.safetensors.index.json" } }, "is an index of weights, and stands in one"],
])("%j is refused", async (json, message) => {
  const error = await openWeights(await index(json)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(WeightError);
  expect((error as Error).message).toContain(message);
});

it("needs a folder", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ weight_map: { a: one } }));
  await expect(openWeights(bytes)).rejects.toThrow("is an index of several files beside it, and has no folder here");
});

it("closes a shard that cannot be read", async () => {
  let closed = 0;
  const shard: ByteSource = {
    ...{ name: "broken.safetensors", size: 100 },
    read: async () => Promise.reject(new FileError("truncated", "broken.safetensors: ended at byte 3")),
    close: async () => void closed++,
  };
  const json = new TextEncoder().encode(JSON.stringify({ weight_map: { a: "broken.safetensors" } }));
  const source = { ...bytesSource(json, "x.index.json"), beside: async () => shard };
  await expect(openWeights(source)).rejects.toThrow("broken.safetensors: ended at byte 3");
  expect(closed).toBe(1);
});
