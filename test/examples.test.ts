/** Every example, run as its first lines say, and what it prints. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createNetwork } from "../src/model/architectures.ts";
import { namedParameters } from "../src/nn/module.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { writeSafetensors } from "../src/weights/safetensors-write.ts";
import { fillParameter } from "./support/hash-fill.ts";
import { fromRoot, tinyWeights } from "./support/small-weights.ts";
import { type RunOptions, runScript } from "./support/spawn-residual.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-examples-"));
});
afterAll(() => rm(folder, { recursive: true }));

const seen = new Set<string>();

/** The lines that an example prints; it must end well and say nothing on standard error. */
async function linesOf(example: string, args: readonly string[] = [], options?: RunOptions): Promise<string[]> {
  seen.add(example);
  const { code, stdout, stderr } = await runScript(`examples/${example}`, args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

it("one-image: with the network of the package", async () => {
  const lines = await linesOf("one-image.ts");
  expect(lines[0]).toMatch(/^tiny, weights .*tiny\.safetensors$/);
  expect(lines[1]).toMatch(/^ran on (wasm|webgpu): ./);
  expect(lines[2]).toMatch(/^because ./);
  // PyTorch's numbers for cat.png (test/golden) to three digits.
  expect(lines[3]).toBe("128 numbers: 0.007, 0.443, 1.922, 0.922, 0.008, 4.729, …");
});

it("one-image: with a file of weights", async () => {
  const tensors = [...namedParameters(createNetwork("resnet18", 0))].map(([name, { shape }]) => {
    const data = shape.length === 4 ? new Float32Array(sizeOf(shape)).fill(1e-3) : fillParameter("ones", name, shape);
    return { name, dtype: "BF16", shape, data } as const;
  });
  const preset = { resize: "64", crop: "64", mean: "0.485,0.456,0.406", std: "0.229,0.224,0.225" };
  const weights = join(folder, "resnet18.safetensors");
  await writeFile(weights, writeSafetensors(tensors, new Map(Object.entries(preset))));
  const lines = await linesOf("one-image.ts", [fromRoot("examples/photos/coffee.jpg"), weights]);
  expect(lines[0]).toBe(`resnet18, weights ${weights}`);
  expect(lines.at(-1)).toMatch(/^512 numbers: \d+\.\d{3}, /);
  const wrong = await runScript("examples/one-image.ts", ["nosuch.jpg"]);
  expect(wrong).toEqual({ code: 1, stdout: "", stderr: "nosuch.jpg: no such file or folder\n" });
  await rm(weights);
});

it("image-sources: all forms of one picture are the same bits", async () => {
  expect(await linesOf("image-sources.ts")).toEqual([
    "path        128 numbers, the cat's, to the last bit",
    "URL object  128 numbers, the cat's, to the last bit",
    "bytes       128 numbers, the cat's, to the last bit",
    "Blob        128 numbers, the cat's, to the last bit",
    "pixels      128 numbers, another picture",
  ]);
});

it("classify: names of classes where the file has them, else indices", async () => {
  const [named, plain] = [join(folder, "named.safetensors"), join(folder, "plain.safetensors")];
  const classes = JSON.stringify(["cat", "cup", "rocket", "lawn"]);
  await writeFile(named, await tinyWeights({ crop: 224, classes: 4, metadata: { classes } }));
  await writeFile(plain, await tinyWeights({ crop: 224, classes: 4 }));
  const lines = await linesOf("classify.ts", ["tiny", named]);
  expect(lines).toHaveLength(3);
  const parts = lines.map((line) => line.match(/^(cat|cup|rocket|lawn) +(\d+\.\d % ▏█*)$/)!);
  const shares = parts.map(([, , share]) => Number.parseFloat(share!));
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(await linesOf("classify.ts", ["tiny", plain])).toEqual(
    parts.map(([, name, share]) => expect.stringMatching(`^class ${JSON.parse(classes).indexOf(name)} +${share}$`)),
  );
  expect(await runScript("examples/classify.ts", [])).toMatchObject({ code: 2, stderr: /^usage: classify\.ts MODEL / });
  const wrong = await runScript("examples/classify.ts", ["tiny", named, "nosuch.jpg"]);
  expect(wrong).toEqual({ code: 1, stdout: "", stderr: "nosuch.jpg: no such file or folder\n" });
});

it("layers: lengths as the network's channels, unit length, one run as alone, and the near names of a wrong one", async () => {
  const lines = await linesOf("layers.ts");
  expect(lines.slice(0, 5).map((line) => line.match(/(\S+) numbers/)![1])).toEqual(["64", "12544", "16", "128", "128"]);
  expect(lines[0]).toMatch(/^layer3, max, l2 .* length {4}1\.000$/);
  expect(lines).toContain("avgpool alone: the same bits");
  expect(lines.at(-2)).toMatch(/^84 names: x, conv1, .*layer4 and those inside them$/);
  expect(lines.at(-1)).toMatch(/^layer "layer4\.1\.ad": .* near it are layer4\.1\.add, /);
});

it("many-images: the bad image is said, the others are there", async () => {
  expect(await linesOf("many-images.ts")).toEqual([
    "left out: README.md",
    expect.stringMatching(/^error not-an-image: letter\.jpg: not an image: starts with "Dear "; /),
    "20 vectors",
    expect.stringMatching(/^nearest: .*galaxies-beside\.jpg and .*galaxies\.jpg, cosine 0\.99\d$/),
  ]);
});

it("tensors: shape, graph, plan, numbers, scopes, memory", async () => {
  const lines = await linesOf("tensors.ts");
  const text = lines.join("\n");
  expect(lines[0]).toBe("shape, known without running: 1×4×24×24");
  expect(text).toMatch(/\nconv2d {2}1×4×48×48 {2}= conv2d\(x=input, weight=constant, bias=constant_1\)/);
  expect(text).toMatch(/\ndevice: wasm \(.+\)\n\ntraced:\n/); // the plan: where it runs, and
  expect(text).toMatch(/\nrelu {2}×1 {2}conv2d\.wasm/); // one fused step
  expect(text).toContain("2304 numbers, the largest 3; each place as its strongest edge:");
  const drawing = lines.filter((line) => /^[·→↓←↑ ]{47}$/.test(line));
  expect(drawing).toHaveLength(24);
  expect(drawing[3]).toBe("· · · · · · · · ↑ ↑ ↑ ↑ ↑ ↑ ↑ ↑ · · · · · · · ·");
  expect(drawing[12]).toBe("· · · ← ← · · · · · · · · · · · · · · · → → · ·");
  expect(lines.slice(-5)).toEqual([
    "sum: [[11.5,22.5],[13.5,24.5]]",
    expect.stringMatching(/^ShapeError: conv2d: x is 1×1×48×48, weight is 1×3×3×3, /),
    "OptionError: tensor of 2×2: used after dispose()",
    "device memory: some buffers",
    "device memory after disposeEngines(): 0 buffers, 0 bytes",
  ]);
});

it("modules: names, numbers, and what does not fit", async () => {
  const lines = await linesOf("modules.ts");
  expect(lines[1]).toMatch(/^ {2}conv1\.weight +2×2×3×3$/);
  expect(lines).toContain("nodes: conv1, bn1, relu, conv2, add, relu_1");
  // 2 · the sum of the window − 30 + the place itself, not below 0; a batch norm's eps makes it a little less.
  const at = lines.indexOf("the second channel of what it gives, rounded:");
  const x = (row: number, column: number) => (row < 0 || column < 0 || row > 3 || column > 3 ? 0 : 4 * row + column);
  const expected = [0, 1, 2, 3].map((row) =>
    [0, 1, 2, 3].map((column) => {
      const around = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => x(row + down, column + right)));
      return Math.max(0, 2 * around.reduce((sum, value) => sum + value, 0) - 30 + x(row, column));
    }),
  );
  expect(lines.slice(at + 1, at + 5).map((line) => line.trim().split(/ +/).map(Number))).toEqual(expected);
  expect(lines.at(-1)).toMatch(
    /^WeightError: bytes does not fit a block of three channels: 7 tensors of another shape \(/,
  );
});

it("neighbours: the two nearest of each photo, mutual ones marked, colour only where it is wanted", async () => {
  const rows = [
    { image_path: "photos/a.jpg", feature_vector: [1, 0, 0] },
    { image_path: "photos/b.jpg", feature_vector: [4, 1, 0] },
    { image_path: "photos/much-longer-name.jpg", feature_vector: [0, 0, 2] },
    { image_path: "photos/c.jpg", error: { code: "not-an-image", message: "photos/c.jpg: not an image" } },
    { image_path: "photos/d.jpg", feature_vector: [2, 2, 0] },
  ];
  const [json, jsonl] = [join(folder, "rows.json"), join(folder, "rows.jsonl")];
  await writeFile(json, JSON.stringify(rows));
  await writeFile(jsonl, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const lines = await linesOf("neighbours.ts", [jsonl]);
  expect(lines.slice(0, 9)).toEqual([
    `4 photos in ${jsonl}, 3 numbers each; cosine 1: the same direction`,
    "",
    "photo                  nearest              cosine  second               cosine",
    "a.jpg                ↔ b.jpg                0.970   d.jpg                0.707",
    "b.jpg                ↔ a.jpg                0.970   d.jpg                0.857",
    "much-longer-name.jpg → a.jpg                0.000   b.jpg                0.000",
    "d.jpg                → b.jpg                0.857   a.jpg                0.707",
    "no vector: photos/c.jpg: not an image",
    "",
  ]);
  expect(lines.at(-1)).toBe("  npx node examples/neighbours.ts mine.jsonl");
  expect((await linesOf("neighbours.ts", [json])).slice(1)).toEqual(lines.slice(1));
  const coloured = await linesOf("neighbours.ts", [jsonl], { env: { FORCE_COLOR: "1" } });
  expect(coloured[3]).toContain("\x1b[32m↔ b.jpg");
  for (const [content, message] of [
    ["no rows", /is not valid JSON/],
    ['{"a":1}', /expected \{"image_path": …, "feature_vector": \[…\]\} for each photo/],
    [JSON.stringify(rows[0]), /1 vectors are in it; two at least have neighbours/],
    [JSON.stringify([rows[0], { ...rows[1], feature_vector: [1] }]), /its vectors have different lengths/],
  ] as const) {
    await writeFile(jsonl, content);
    const { code, stdout, stderr } = await runScript("examples/neighbours.ts", [jsonl]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
  }
});

it("npm run quickstart: of twenty photos, nine pairs are each other's nearest", async () => {
  const { scripts } = JSON.parse(await readFile(fromRoot("package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  expect(scripts.quickstart).toBe(
    "npm run --silent residual -- features examples/photos --model tiny -o vectors.jsonl && node examples/neighbours.ts vectors.jsonl",
  );
  const file = join(folder, "vectors.jsonl");
  const args = ["features", fromRoot("examples/photos"), "--model", "tiny", "--device", "wasm", "--quiet", "-o", file];
  expect(await runScript("src/cli/main.ts", args)).toEqual({ code: 0, stdout: "", stderr: "" });
  const rows = (await linesOf("neighbours.ts", [file])).filter((line) => /^\S+\.\w+ +[↔→] /.test(line));
  expect(rows).toHaveLength(20);
  const alone = rows.filter((line) => !line.includes("↔"));
  expect(alone.map((line) => line.split(" ")[0])).toEqual(["cameraman.jpg", "clock.jpg"]);
  for (const scene of ["astronaut", "bricks", "cat", "coffee", "galaxies", "grass", "gravel", "retina", "rocket"])
    expect(rows.filter((line) => new RegExp(`^${scene}\\S* +↔ ${scene}`).test(line))).toHaveLength(2);
});

it("none is left out", async () => {
  const files = (await readdir(fromRoot("examples"))).filter((name) => name.endsWith(".ts"));
  expect([...seen].sort()).toEqual(files.sort());
});
