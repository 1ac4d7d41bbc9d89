/**
 * The goldens and their recipe agree: manifest.json (written by tools/golden/make.py) has the sha256 of everything that each part was made of
 * and of what it wrote. And the networks' goldens can find errors: vectors of different scenes differ.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { goldenIndex, type NetworkName, openGoldenOutputs } from "./support/golden-networks.ts";

type Sums = Record<string, string>;
interface Part {
  versions: Record<string, string>;
  recipe: Sums;
  inputs: Sums;
  outputs: Sums;
}

const root = new URL("../", import.meta.url);
const manifest = JSON.parse(await readFile(new URL("golden/manifest.json", import.meta.url), "utf8")) as Record<
  string,
  Part
>;
const parts = Object.entries(manifest);
const { scenes, networks } = await goldenIndex();

async function sumOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(new URL(path, root)))
    .digest("hex");
}

/** Files below a folder, as the manifest names them. */
async function filesBelow(folder: string, accept: (path: string) => boolean): Promise<string[]> {
  const entries = await readdir(new URL(folder, root), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(fileURLToPath(root), join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter(accept);
}

test("every part is there, made with a known version of PyTorch", () => {
  expect(Object.keys(manifest)).toEqual([
    "hashes",
    "names",
    "ops",
    "blocks",
    "networks",
    "images",
    "weights",
    "torch_files",
    "exports",
  ]);
  for (const [, { versions }] of parts) expect(versions.torch).toMatch(/^\d+\.\d+\.\d+$/);
});

describe.each(parts)("%s", (name, part) => {
  const remedy = `what the goldens were made of has changed: make them anew with tools/golden/make.py ${name}`;
  test.each(["recipe", "inputs"] as const)("%s as when it was made", async (kind) => {
    for (const [path, sum] of Object.entries(part[kind])) expect(await sumOf(path), `${path}: ${remedy}`).toBe(sum);
  });
  test("outputs as they were made", async () => {
    for (const [path, sum] of Object.entries(part.outputs))
      expect(await sumOf(path), `${path} is not what the recipe wrote`).toBe(sum);
  });
});

test("nothing lies beside the recipe or the goldens that the manifest does not know", async () => {
  const known = new Set(parts.flatMap(([, { recipe, outputs }]) => [...Object.keys(recipe), ...Object.keys(outputs)]));
  known.add("test/golden/manifest.json").add("tools/golden/make.py").add("tools/golden/photos.py");
  const recipe = await filesBelow("tools/golden/", (path) => path.endsWith(".py"));
  const goldens = await filesBelow("test/golden/", () => true);
  expect(recipe.length).toBeGreaterThan(5);
  expect([...recipe, ...goldens].filter((path) => !known.has(path))).toEqual([]);
});

test("the goldens are under 8 MB, the example photos under 1.5 MB", async () => {
  const bytes = async (paths: string[]) =>
    (await Promise.all(paths.map((path) => stat(new URL(path, root))))).reduce((sum, { size }) => sum + size, 0);
  expect(await bytes(await filesBelow("test/golden/", () => true))).toBeLessThan(8e6);
  expect(await bytes(await filesBelow("examples/photos/", () => true))).toBeLessThan(1.5e6);
});

test("the example photos' README names each of them and its licence", async () => {
  const readme = await readFile(new URL("examples/photos/README.md", root), "utf8");
  for (const path of await filesBelow("examples/photos/", (path) => !path.endsWith(".md")))
    expect(readme).toMatch(new RegExp(`^\\| ${path.split("/").at(-1)} \\|.*\\| (CC0|public domain) \\|$`, "m"));
});

describe.each(Object.entries(networks) as [NetworkName, (typeof networks)[NetworkName]][])(
  "%s",
  (arch, { sides, photos }) => {
    test.each([224, ...sides])("different scenes have different vectors, at %i pixels", async (side) => {
      await using outputs = await openGoldenOutputs(arch);
      const shown = scenes.filter((scene) => photos.includes(scene));
      const vectors = await Promise.all(
        shown.map((scene) => outputs.read(side === 224 ? scene : `${scene}@${side}`, "avgpool")),
      );
      expect(vectors.length).toBeGreaterThanOrEqual(2);
      for (const [i, a] of vectors.entries())
        for (const [j, b] of vectors.slice(0, i).entries())
          expect(cosine(a, b), `${shown[i]} and ${shown[j]}`).toBeLessThan(0.95);
    });
  },
);

/** NaN, which is below nothing, where a vector is all zeros. */
function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
