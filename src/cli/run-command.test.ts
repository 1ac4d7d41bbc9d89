/** Wrong use and wrong weights: one line on standard error that says what would be right, nothing on standard output, and the exit code. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fromRoot, tinyWeights, zeroWeights } from "../../test/support/small-weights.ts";
import { runCommand } from "./run-command.ts";
import { packageVersion } from "./version.ts";

let folder: string;
const home = process.cwd();

/** Runs in this process, in the folder of the weights. */
async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk, encoding, done) => {
      text[name] += String(chunk);
      const written = typeof encoding === "function" ? encoding : done;
      if (written) queueMicrotask(() => written());
      return true;
    }),
  );
  try {
    return { code: await runCommand(args), ...text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-main-"));
  const tiny = await tinyWeights({ crop: 32 });
  const nan = await tinyWeights({ crop: 32, replace: { "bn1.weight": (data) => data.fill(Number.NaN) } });
  // Zeros stay zeros in this first layer, and every photo overflows.
  const huge = await tinyWeights({ crop: 32, replace: { "conv1.weight": (data) => data.fill(1e37) } });
  for (const [name, content] of [
    ["resnet18.safetensors", zeroWeights("resnet18")],
    ["cut.safetensors", tiny.subarray(0, 100_000)],
    ["nan.safetensors", nan],
    ["huge.safetensors", huge],
    ["model.pth", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0)],
    ["page.safetensors", new TextEncoder().encode('{\n\t"error": "rate limit"}')],
    ["text.safetensors", new TextEncoder().encode("These are no weights.")],
  ] as const)
    await writeFile(join(folder, name), content);
  await mkdir(join(folder, "empty"));
  process.chdir(folder);
  vi.stubEnv("TORCH_HOME", folder); // an empty cache, whatever this machine has
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

const photo = fromRoot("examples/photos/cat.png");
const tiny = ["--model", "tiny", "--device", "reference"];

/** Arguments, the exit code, and standard error: one line, which is `residual: ` and this. */
type Case = readonly [args: readonly string[], code: number, message: string | RegExp];

const usage: readonly Case[] = [
  [["features", "x.png", "--threads", "0"], 2, "--threads 0: expected a whole number from 1 to 256"],
  [["features", "x.png", "--simd", "512"], 2, "--simd 512: there are no such vectors; use auto, 256 or 128"],
  [["features", "x.png", "--kernel", "layer1"], 2, /^--kernel layer1: expected NODE=KERNEL/],
  [["features", "x.png", "--kernel", "a=b", "--kernel", "a=c"], 2, "--kernel a: is given two kernels; name one"],
  [
    ["features", photo, ...tiny, "--simd", "128"],
    2,
    /^simd 128: vectors are WebAssembly's, and this runs on reference/,
  ],
  [["features", photo, ...tiny, "--throughput"], 2, /^optimizeFor "throughput": the device "reference" has no kernels/],
  [
    ["features", photo, "--model", "tiny", "--device", "wasm", "--kernel", "layer9=direct"],
    2,
    /^kernel for layer9: no node/,
  ],
  [
    ["features", photo, "--model", "tiny", "--device", "wasm", "--kernel", "layer1.0.conv1=fft"],
    2,
    /^kernel for layer1\.0\.conv1/,
  ],
  [["bench", "model", "--seconds", "0"], 2, "--seconds 0: expected a whole number from 1 to 3600"],
  [
    ["bench", "model", "--model", "tiny", "--layer", "nowhere"],
    2,
    /^layer "nowhere": the network has no node of that name/,
  ],
  [["bench", "model", "--depth", "19"], 2, /^--depth 19: there is no ResNet of that depth/],
  [["bench", "model", "--foo"], 2, "unknown option '--foo'; residual bench model --help shows what there is"],
  [
    ["bench", "model", "--model", "tiny", "--device", "reference", "--per-layer"],
    2,
    /^perLayer: steps are timed on WebAssembly/,
  ],
  [
    ["bench", "model", "--model", "tiny", "--device", "reference", "--threads", "2"],
    2,
    /^threads: they are WebAssembly's/,
  ],
  [["bench", "sculpture"], 2, "unknown command 'sculpture'; residual bench --help shows what there is"],
  [["photos"], 2, "unknown command 'photos'; residual --help shows what there is"],
  [["features"], 2, "no images were named; name a file, a folder, or a --list"],
  [[photo, "--depth", "19"], 2, "--depth 19: there is no ResNet of that depth; use 18, 34, 50, 101 or 152"],
  [[photo, "--depth", "050"], 2, /^--depth 050: there is no ResNet of that depth; /],
  [[photo, "--depth", ""], 2, /^--depth "": there is no ResNet of that depth; /],
  [
    [photo, "--depth", "18", "--model", "tiny"],
    2,
    /^option '--depth <n>' cannot be used with option '--model <name>'; /,
  ],
  [
    [photo, "--model", "resnet19"],
    2,
    /^--model resnet19: there is no such network; use resnet18, resnet34, .* or tiny$/,
  ],
  [[photo, "--device", "gpu"], 2, "--device gpu: there is no such device; use auto, webgpu, wasm or reference"],
  [[photo, "--batch", "0"], 2, "--batch 0: expected a whole number from 1 to 1024"],
  [[photo, "--batch", "1e9"], 2, "--batch 1e9: expected a whole number from 1 to 1024"],
  [
    [photo, "--format", "xml"],
    2,
    "--format xml: there is no such format; use jsonl, json, csv, npy, parquet, safetensors or clip-retrieval",
  ],
  [[photo, "--pool", "sum"], 2, "--pool sum: there is no such pooling; use avg, max or flatten"],
  [[photo, "--normalize", "l1"], 2, "--normalize l1: there is no such norm; use none or l2"],
  [
    [photo, "--dept", "18"],
    2,
    /^unknown option '--dept' \(Did you mean --depth\?\).*; residual features --help shows /,
  ],
  [[photo, "--layer"], 2, /^option '--layer <node>' argument missing; /],
  [
    [photo, "-o", "out.xml"],
    2,
    "-o out.xml: the suffix names no format; end it in .jsonl, .json, .csv, .npy, .parquet, .safetensors, or say --format",
  ],
  [[photo, "--format", "npy"], 2, "--format npy: goes to a file, not to standard output; name one with -o"],
  [[photo, "--resume"], 2, "--resume: goes on with a file that was begun; name it with -o, as it was"],
  [[photo, "--float16"], 2, /^--float16: jsonl is text and keeps all digits; use npy, /],
  [[photo, "--preset", "v3"], 2, /^--preset v3: there is no such preset; use torchvision-v1, /],
  [["--list", "nowhere.txt"], 1, /^--list nowhere\.txt: cannot be read \(ENOENT/],
  [["nothing*.jpg"], 1, "nothing*.jpg: no file has this name, and as a pattern it matches nothing"],
  [[photo, ...tiny, "--layer", ""], 2, '--layer "": an empty name; leave the option out for its default'],
  [["a\0b.jpg", ...tiny], 2, /^a path with a NUL byte: a list of find -print0\? .*tr '\\0' '\\n'/],
  [
    ["weights", "download"],
    2,
    "missing required argument 'name'; residual weights download --help shows what there is",
  ],
  [["weights", "path", "resnet5O"], 2, /^resnet5O: names no pretrained weights; near it are resnet50, /],
  [["weights", "download", "tiny"], 2, "tiny: needs no download; its weights lie in the package"],
  [["weights", "download", "50", "--mirror", "x"], 2, /^mirror: "x" is no address; expected one such as https:/],
  [
    ["weights", "download", "resnet50-0676ba61.pth", "--weights", "DEFAULT"],
    2,
    "resnet50-0676ba61.pth: names its weights already; leave --weights DEFAULT out",
  ],
  [["-x.jpg", ...tiny], 2, /^unknown option '-x\.jpg' \(a file of that name is named \.\/-…\); /],
  [[photo, "--weights", "-"], 2, "--weights -: weights are read in parts, here and there; name a file"],
  [["-", "-", ...tiny], 2, "- stands twice; standard input can be read once"],
  [[photo, ...tiny, "--layer", "layer5"], 2, /^layer "layer5": .*; near it are layer1, layer2, layer3, layer4/],
];

const failures: readonly Case[] = [
  [["empty", ...tiny], 1, /^empty: a folder without images; JPEG, PNG, WebP and GIF files are taken, by their suffix$/],
  [
    [photo, "--offline"],
    1,
    /^resnet50 IMAGENET1K_V1 is not in the cache and could not be downloaded \(.*--offline.*: put https:.* --weights FILE .*--model tiny$/,
  ],
  [
    [photo, "--weights", "no.safetensors"],
    1,
    "no.safetensors: no such file or folder; a weight file is expected (PyTorch's, safetensors, ONNX, or the index of several); the built-in --model tiny needs none",
  ],
  [
    [photo, "--weights", "IMAGENET1K_V9"],
    2,
    /^resnet50: there are no weights IMAGENET1K_V9; there are IMAGENET1K_V1, IMAGENET1K_V2$/,
  ],
  [["a".repeat(300), "--weights", "a".repeat(300)], 1, /^a{300}: no such file or folder: no name is that long; /],
  [[photo, "--weights", "page.safetensors"], 1, /^page\.safetensors: not a weight file: starts with "\{/],
  [
    [photo, "--weights", "resnet18.safetensors"],
    1,
    /^resnet18\.safetensors does not fit resnet50: 165 tensors missing \(layer1\.0\.conv3\.weight, .*: it looks like a resnet18: try --depth 18 /,
  ],
  [
    [photo, "--model", "tiny", "--weights", "cut.safetensors"],
    1,
    /^cut\.safetensors: truncated: tensor "\S+" ends at byte \d+ of the data, and the file has \d+$/,
  ],
  [[photo, "--weights", "text.safetensors"], 1, /^text\.safetensors: /],
  [
    [photo, "--weights", "model.pth"],
    1,
    /^model\.pth: truncated: a zip file ends with its directory, and this one has none$/,
  ],
];

describe.each([
  ["wrong use", usage],
  ["what cannot be done", failures],
])("%s", (_, cases) => {
  it.each(cases)("%j: exit code %i", async (args, code, message) => {
    const isFeatures = !["photos", "features", "bench", "weights"].includes(args[0]!);
    const result = await run(isFeatures ? ["features", ...args] : args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "" });
    expect(result.stderr).toMatch(/^residual: [^\n]+\n$/);
    const said = result.stderr.slice("residual: ".length, -1);
    if (typeof message === "string") expect(said).toBe(message);
    else expect(said).toMatch(message);
  });
});

it("weights that hold NaN end the run with one line, whatever the images", async () => {
  const args = ["features", photo, photo, photo, "--model", "tiny", "--weights", "nan.safetensors", "--device", "wasm"];
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe(
    `residual: ${photo}: number 0 of its vector at avgpool is NaN: numbers in nan.safetensors are NaN or too large, or a running variance is negative\n`,
  );
});

it("weights that are too large for some images are an error of each, and never null in a vector", async () => {
  const args = ["features", photo, photo, "--model", "tiny", "--weights", "huge.safetensors", "--device", "wasm"];
  const { code, stdout, stderr } = await run(args);
  expect(code).toBe(1);
  const codes = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).error.code);
  expect(codes).toEqual(["weights-not-finite", "weights-not-finite"]);
  expect(stderr).toMatch(/^(residual: .* of its vector at avgpool is .*\n){2}residual: 2 of 2 images failed\n$/);
});

it("--json says wrong use as JSON too", async () => {
  const { code, stderr } = await run(["features", photo, "--json", "--depth", "19"]);
  expect(code).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({ level: "error", code: "option", message: /^--depth 19: / });
});

it("--version and --help go to standard output", async () => {
  const version = await run(["--version"]);
  const help = await run(["--help"]);
  const featuresHelp = await run(["features", "--help"]);
  const nothing = await run([]);
  expect(version).toEqual({ code: 0, stdout: `${await packageVersion()}\n`, stderr: "" });
  expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: residual .*features/s), stderr: "" });
  expect(featuresHelp).toMatchObject({ code: 0, stderr: "" });
  for (const option of ["--depth", "--model", "--weights", "--layer", "--device", "--batch", "-o,", "--format"])
    expect(featuresHelp.stdout).toContain(option);
  expect(nothing).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^Usage: residual /) });
});
