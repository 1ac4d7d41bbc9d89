/** classify, similar, dedup and probe as a user runs them. */
import { copyFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot, tinyWeights } from "../../test/support/small-weights.ts";
import { type RunResult, runResidual } from "../../test/support/spawn-residual.ts";
import { openModel } from "../model/open-model.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const pairs = ["bricks", "coffee", "galaxies"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual vectors-"));
  const labels = JSON.stringify(["ant", "bee", "cat"]);
  await writeFile(at("named.safetensors"), await tinyWeights({ crop: 32, classes: 3, metadata: { classes: labels } }));
  await writeFile(at("thousand.safetensors"), await tinyWeights({ crop: 32, classes: 1000 }));
  await mkdir(at("photos"));
  for (const name of [
    "bricks.jpg",
    "bricks-beside.jpg",
    "coffee.jpg",
    "coffee-dim.webp",
    "galaxies.jpg",
    "galaxies-beside.jpg",
  ])
    copyFileSync(fromRoot(`examples/photos/${name}`), at(`photos/${name}`));
  for (const name of pairs) {
    await mkdir(at(`classes/${name}`), { recursive: true });
    for (const i of [1, 2, 3]) copyFileSync(at(`photos/${name}.jpg`), at(`classes/${name}/${i}.jpg`));
  }
});
afterAll(() => rm(folder, { recursive: true }));

const run = (...args: string[]): Promise<RunResult> =>
  runResidual([...args, "--model", "tiny", "--device", "wasm"], { cwd: folder });

describe("classify", () => {
  it.concurrent("gives the library's classes, by the weights' own names", async () => {
    const args = ["classify", "photos", "nope.jpg", "--weights", "named.safetensors"];
    const { code, stdout, stderr } = await run(...args, "--json", "--top", "2");
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    using model = await openModel({ model: "tiny", device: "wasm", weights: at("named.safetensors") });
    expect(rows[0]).toEqual({
      image_path: "photos/bricks-beside.jpg",
      classes: await model.classify(at("photos/bricks-beside.jpg"), { top: 2 }),
    });
    expect(rows.at(-1)).toEqual({ image_path: "nope.jpg", error: { code: "not-found", message: expect.any(String) } });
    expect(code).toBe(3);
    expect(stderr).toContain("1 of 7 images failed");
    const text = await run(...args);
    expect(text.stdout).toMatch(/^photos\/bricks-beside\.jpg\n( +\d+\.\d\d % {2}(ant|bee|cat)\n){3}photos\//);
    expect(text.stderr).toContain("--top 5: these weights have 3 classes, all are shown");
  });

  it.concurrent("calls a thousand classes by ImageNet's names, and says so; without a classifier it is wrong use", async () => {
    const named = await run("classify", "photos/coffee.jpg", "--weights", "thousand.safetensors", "--top", "1000");
    expect(named.code).toBe(0);
    expect(named.stdout).toMatch(/ % {2}tench\n/);
    expect(named.stdout).toMatch(/ % {2}toilet tissue\n/);
    expect(named.stderr).toContain("called by ImageNet's");
    const none = await run("classify", "photos");
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(none.stderr).toMatch(/^residual: tiny: these weights have no classifier/);
  });
});

describe("similar and dedup", () => {
  it.concurrent("find the pairs of a scene, from images or from a file of features", async () => {
    const made = await run("features", "photos", "-o", "vectors.parquet");
    expect(made.code).toBe(0);
    const [images, file, groups, groupsOfFile] = await Promise.all([
      run("similar", "photos/coffee.jpg", "photos", "--top", "1", "--json"),
      run("similar", "photos/coffee.jpg", "vectors.parquet", "--top", "1", "--json"),
      run("dedup", "photos", "--threshold", "0.97", "--json"),
      run("dedup", "vectors.parquet", "--threshold", "0.97"),
    ]);
    expect(JSON.parse(images.stdout)).toEqual({
      query: "photos/coffee.jpg",
      images: [{ image_path: "photos/coffee-dim.webp", cosine: expect.closeTo(0.99, 2) }],
    });
    expect(file.stdout).toBe(images.stdout);
    expect(JSON.parse(groups.stdout).groups.map((group: { images: string[] }) => group.images)).toEqual([
      ["photos/bricks-beside.jpg", "photos/bricks.jpg"],
      ["photos/coffee-dim.webp", "photos/coffee.jpg"],
      ["photos/galaxies-beside.jpg", "photos/galaxies.jpg"],
    ]);
    expect(groupsOfFile.stdout).toMatch(
      /^0\.9\d+ {2}2 images\n {2}photos\/bricks-beside\.jpg\n {2}photos\/bricks\.jpg\n/,
    );
  });

  it.concurrent("refuse what cannot be meant, in one line", async () => {
    const [query, threshold, mixed, text, csv] = await Promise.all([
      run("similar", "nope.jpg", "photos"),
      run("dedup", "photos", "--threshold", "1.5"),
      run("dedup", "photos", "some.npy"),
      run("dedup", "classes/bricks/1.jsonl"),
      run("dedup", "rows.csv"),
    ]);
    expect(query).toMatchObject({ code: 1, stdout: "", stderr: "residual: nope.jpg: no such file or folder\n" });
    expect(threshold).toMatchObject({
      code: 2,
      stderr: "residual: --threshold 1.5: expected a cosine from 0 to 1, such as 0.95\n",
    });
    expect(mixed).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("some.npy: a file of features stands alone"),
    });
    expect(text).toMatchObject({ code: 1, stderr: "residual: classes/bricks/1.jsonl: no such file or folder\n" });
    const notRead = "no file of features that is read back; write jsonl, json, npy, safetensors, parquet";
    expect(csv).toMatchObject({ code: 2, stderr: `residual: rows.csv: ${notRead}\n` });
  });
});

describe("probe", () => {
  it.concurrent("tells class folders apart", async () => {
    const { code, stdout, stderr } = await run("probe", "classes", "--folds", "3", "--json", "--quiet");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ images: 9, accuracy: 1, folds: [1, 1, 1], unconverged: 0 });
    expect(result.classes).toEqual(pairs.map((name) => ({ name, images: 3, accuracy: 1 })));
  });

  it.concurrent("says what is missing", async () => {
    const [few, flat] = await Promise.all([run("probe", "classes"), run("probe", "photos")]);
    expect(few.code).toBe(2);
    expect(few.stderr).toMatch(/residual: probe: class bricks has 3 images with vectors, and 5 folds need at least 5/);
    expect(flat.code).toBe(2);
    expect(flat.stderr).toMatch(/lies in no class folder; a folder with a subfolder a class is expected\n$/);
  });
});
