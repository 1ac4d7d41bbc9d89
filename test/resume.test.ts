/**
 * `residual features -o` in every format, killed with -9 again and again and resumed: each image has its row once, in its place, with its
 * vector. `npm run check:resume` does the same with 20,000 images, and reads them by Python's libraries.
 */
import { copyFileSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FeatureRow } from "../src/features/features-of.ts";
import { readFeatures } from "../src/features/read-features.ts";
import { inspectJournal } from "../src/features/row-journal.ts";
import { type RowFormatName, rowFormatNames } from "../src/features/sinks/row-formats.ts";
import { fromRoot, tinyWeights } from "./support/small-weights.ts";
import { type RunOptions, type RunResult, runResidual } from "./support/spawn-residual.ts";

const photos = ["cat-eyes.jpg", "clock.jpg", "gravel.jpg", "rocket.jpg"];
const count = 60;
/** Places of images that are none. */
const bad = [7, 59];
let folder: string;
const at = (name: string) => join(folder, name);
const nameOf = (i: number): string => join("photos", `${String(i).padStart(3, "0")}.jpg`);
/** By picture. */
let vectors: Float32Array[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-killed-"));
  await writeFile(at("small.safetensors"), await tinyWeights({ crop: 32 }));
  await mkdir(at("photos"));
  for (let i = 0; i < count; i++)
    if (bad.includes(i)) await writeFile(at(nameOf(i)), "no picture");
    else copyFileSync(fromRoot(`examples/photos/${photos[i % photos.length]}`), at(nameOf(i)));
  const { code } = await features([
    "photos/000.jpg",
    "photos/001.jpg",
    "photos/002.jpg",
    "photos/003.jpg",
    "-o",
    "few.jsonl",
  ]);
  expect(code).toBe(0);
  vectors = (await rowsIn("few.jsonl", "jsonl")).map((row) => row.vector!);
});
afterAll(() => rm(folder, { recursive: true }));

function features(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const fixed = ["--model", "tiny", "--weights", "small.safetensors", "--device", "wasm", "--batch", "4", "--json"];
  return runResidual(["features", ...args, ...fixed], { cwd: folder, ...options });
}

/** Rows as they stand in an output of a format. */
async function rowsIn(name: string, format: RowFormatName): Promise<FeatureRow[]> {
  if (format === "csv") return csvRows(await readFile(at(name), "utf8"));
  const path = format === "clip-retrieval" ? `${name}/metadata/metadata_0.parquet` : name;
  const rows: FeatureRow[] = [];
  if (format !== "clip-retrieval") for await (const row of readFeatures(at(path))) rows.push(row);
  return rows;
}

/** Of names and messages without quotes or line breaks. */
function csvRows(text: string): FeatureRow[] {
  const [, ...lines] = text.trimEnd().split("\n");
  return lines.map((line) => {
    const [image_path, code, message, ...numbers] = line.split(",");
    if (code === "") return { image_path: image_path!, vector: Float32Array.from(numbers, Number) };
    return {
      image_path: image_path!,
      error: Object.assign(new Error(message), { code }) as FeatureRow["error"] & Error,
    };
  });
}

/** Kills a run once its first batch is kept. */
function killed(args: readonly string[]): Promise<RunResult> {
  return features(args, {
    onStderr: (text, running) => text.includes('"progress"') && running.kill("SIGKILL"),
  });
}

describe.each(rowFormatNames.filter((name) => name !== "clip-retrieval"))("%s", (format) => {
  it.concurrent("has each image once, in its place, after two kills", async ({ expect }) => {
    const output = `out-${format}.${format}`;
    let before = 0;
    for (let kill = 0; kill < 2; kill++) {
      const { code } = await killed(["photos", "-o", output, "--resume"]);
      expect(code).toBe("SIGKILL");
      const kept = (await inspectJournal(at(`${output}.part`)))!;
      expect(kept.rows).toBeGreaterThan(before);
      expect(kept.rows).toBeLessThan(count);
      before = kept.rows;
      // What a process that is killed while it writes would leave.
      if (kill === 0) await appendFile(at(`${output}.part`), new Uint8Array([200, 1, 0, 0, 1, 2, 3, 4, 5]));
    }
    const { code } = await features(["photos", "-o", output, "--resume"]);
    expect(code).toBe(3);
    expectAll(await rowsIn(output, format));
    expect((await readdir(folder)).filter((name) => name.startsWith(output))).toEqual([output]);
  });
});

it("clip-retrieval leaves failed images out of both of its files", async () => {
  const { code } = await killed(["photos", "-o", "clip", "--format", "clip-retrieval"]);
  expect(code).toBe("SIGKILL");
  const resumed = await features(["photos", "-o", "clip", "--format", "clip-retrieval", "--resume"]);
  expect(resumed.code).toBe(3);
  const errors = (await readFile(at("clip/errors.jsonl"), "utf8")).trimEnd().split("\n");
  expect(errors.map((line) => JSON.parse(line).image_path)).toEqual(bad.map(nameOf));
  const npy = await readFile(at("clip/img_emb/img_emb_0.npy"));
  expect(npy.toString("latin1", 10, 90)).toContain(`'shape': (${count - bad.length}, 128)`);
  const start = npy.length - (count - bad.length) * 512;
  const last = new Float32Array(new Uint8Array(npy.subarray(npy.length - 512)).buffer);
  expect(start % 64).toBe(0);
  expect(last).toEqual(vectors[58 % photos.length]);
});

function expectAll(rows: readonly FeatureRow[]): void {
  expect(rows.map((row) => row.image_path)).toEqual(Array.from({ length: count }, (_, i) => nameOf(i)));
  for (const [i, row] of rows.entries())
    if (bad.includes(i)) expect(row.error?.code).toBe("not-an-image");
    else expect(row.vector, `row ${i}`).toEqual(vectors[i % photos.length]);
}

describe("a run is not resumed", () => {
  const args = ["photos", "-o", "other.npy", "--resume"];

  it("with other images, weights or options, nor begun anew over what is kept", async () => {
    expect((await killed(args)).code).toBe("SIGKILL");
    const kept = await readFile(at("other.npy.part"));
    await writeFile(
      at("other.safetensors"),
      await tinyWeights({ crop: 32, replace: { "conv1.weight": (data) => data.fill(0.1) } }),
    );
    await writeFile(at("photos/more.jpg"), "");
    const more = await features(args);
    await rm(at("photos/more.jpg"));
    const refused = [
      [more, /number of images was 60, is 61; list of images was /],
      [await features([...args, "--normalize", "l2"]), /normalize was none, is l2/],
      [await features([...args, "--float16"]), /float16 was false, is true/],
      [
        await runResidual(
          ["features", ...args, "--model", "tiny", "--weights", "other.safetensors", "--device", "wasm"],
          { cwd: folder },
        ),
        /sha256 of the weights was [0-9a-f]{12}…, is /,
      ],
      [
        await features(["photos", "-o", "other.npy"]),
        /other\.npy\.part: an earlier run stopped after \d+ images; go on with --resume/,
      ],
    ] as const;
    for (const [{ code, stderr }, message] of refused) {
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
    expect(await readFile(at("other.npy.part"))).toEqual(kept);
    expect((await features(args)).code).toBe(3);
    expectAll(await rowsIn("other.npy", "npy"));
  });

  it("from a file that is no journal, or was begun and has no row", async () => {
    await writeFile(at("mine.jsonl.part"), "my own words, which nobody may lose");
    const own = await features(["photos", "-o", "mine.jsonl", "--resume"]);
    expect(own).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("mine.jsonl.part: is no journal of a run; move it away"),
    });
    await writeFile(at("short.jsonl.part"), await readFile(at("few.jsonl")));
    await killed(["photos", "-o", "cut.jsonl"]);
    await truncate(at("cut.jsonl.part"), 40);
    expect((await features(["photos", "-o", "cut.jsonl"])).code).toBe(3);
    expectAll(await rowsIn("cut.jsonl", "jsonl"));
  });
});

it("--strict stops at the first bad image, and goes on once it is mended", async () => {
  const args = ["photos", "-o", "strict.jsonl", "--strict", "--resume"];
  const { code, stderr } = await features(args);
  expect(code).toBe(1);
  expect(stderr).toContain("007.jpg: not an image");
  expect((await inspectJournal(at("strict.jsonl.part")))!.rows).toBe(7);
  for (const i of bad) copyFileSync(fromRoot(`examples/photos/${photos[i % photos.length]}`), at(nameOf(i)));
  expect((await features(args)).code).toBe(0);
  const rows = await rowsIn("strict.jsonl", "jsonl");
  for (const [i, row] of rows.entries()) expect(row.vector).toEqual(vectors[i % photos.length]);
  expect(rows.length).toBe(count);
});
