/** Opening: what the weights say of themselves, and every error, each with the way out. Nothing runs here. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fromRoot, tinyWeights, zeroWeights } from "../../test/support/small-weights.ts";
import { memory } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import { presets } from "../image/preset.ts";
import { openModel, resnet18, resnet50 } from "./open-model.ts";

const device = "reference";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-open-"));
  vi.stubEnv("TORCH_HOME", folder); // an empty cache, whatever this machine has
});
afterAll(() => rm(folder, { recursive: true }));

describe("what the model says of itself", () => {
  it("comes from the file in the package", async () => {
    using model = await openModel({ model: "tiny", device });
    const { name, weights, licence, preset, features, classes, nodeNames } = model.info;
    expect({ name, licence, preset, features, classes }).toEqual({
      ...{ name: "tiny", licence: "CC0-1.0", preset: presets["torchvision-v1"], features: 128, classes: 0 },
    });
    expect(weights).toMatch(/assets\/tiny\.safetensors$/);
    expect(nodeNames).toEqual(expect.arrayContaining(["x", "layer1.0.relu_1", "layer4.1.add", "avgpool", "layer3"]));
    expect(nodeNames).not.toContain("fc");
    expect(model.device).toEqual({ device: "reference", description: "plain TypeScript" });
  });

  it("comes from the metadata: preprocessing and names of classes", async () => {
    const labels = Array.from({ length: 4 }, (_, i) => `class ${i}`);
    const metadata = { classes: JSON.stringify(labels), mean: "0.5,0.5,0.5", std: "0.25,0.25,0.25", resize: "40x48" };
    const weights = await tinyWeights({ crop: 32, classes: 4, metadata });
    using model = await openModel({ model: "tiny", weights, device });
    expect(model.info.preset).toMatchObject({
      ...{ resize: { squash: [40, 48] }, crop: 32, interpolation: "bilinear" },
      ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    });
    expect(model.info.nodeNames).toContain("fc");
    expect((await model.preprocess(fromRoot("examples/photos/cat.png"))).shape).toEqual([3, 32, 32]);
    const [first] = await model.classify(fromRoot("examples/photos/cat.png"), { top: 1 });
    expect(first!.label).toBe(labels[first!.index]);
  });

  it("gives way to the caller's preset", async () => {
    const preset = { ...presets.squash224, name: "mine", crop: 16 };
    using model = await openModel({ model: "tiny", device, preset });
    expect(model.info.preset).toBe(preset);
    expect((await model.preprocess(fromRoot("examples/photos/cat.png"))).shape).toEqual([3, 16, 16]);
  });
});

describe("names", () => {
  it("that there are not are refused with those that there are", async () => {
    await expect(openModel({ model: "resnet19" })).rejects.toThrow(
      /^model "resnet19": there is no such network; use resnet18, .*or tiny$/,
    );
    await expect(Reflect.apply(openModel, undefined, [{ model: "tiny", device: "gpu" }])).rejects.toThrow(
      'device "gpu": there is no such device; use auto, webgpu, wasm, reference',
    );
    await expect(Reflect.apply(resnet50, undefined, [{ model: "tiny" }])).rejects.toThrow(
      "resnet50: the option model belongs to openModel",
    );
  });
});

describe("weights", () => {
  it("that are not in the cache, and may not be fetched: the ways out", async () => {
    const message =
      /^resnet50 IMAGENET1K_V1 is not in the cache and could not be downloaded \(.*switched off.*\): put https:\S+resnet50-0676ba61\.pth as \S+ by hand, .*--weights FILE.*--model tiny$/;
    await expect(resnet50({ device, offline: true })).rejects.toMatchObject({
      ...{ name: "WeightError", code: "weights-missing", message: expect.stringMatching(message) },
    });
    await expect(resnet50({ weights: "ResNet50_Weights.IMAGENET1K_V2", offline: true })).rejects.toThrow(
      "resnet50-11ad3fa6.pth",
    );
    await expect(resnet50({ weights: new URL("https://x/y"), offline: true })).rejects.toThrow(
      "https://x/y: is not fetched",
    );
    await expect(resnet18({ weights: "IMAGENET1K_V2" })).rejects.toThrow(
      "resnet18: there are no weights IMAGENET1K_V2; there are IMAGENET1K_V1",
    );
    await expect(openModel({ model: "tiny", weights: "IMAGENET1K_V1" })).rejects.toThrow("leave it out");
    await expect(resnet18({ weights: "nowhere.safetensors" })).rejects.toMatchObject({
      ...{
        code: "weights-missing",
        message: expect.stringMatching(/^nowhere\.safetensors: no such file or folder; a weight file is expected/),
      },
    });
    for (const weights of [5, true, () => 1])
      await expect(resnet18({ weights: weights as never })).rejects.toThrow(
        new OptionError(
          `cannot read from ${typeof weights}: give a path, a URL object, a Blob, an ArrayBuffer or a Uint8Array`,
        ),
      );
    await expect(resnet18({ weights: "a/resnet50-11ad3fa6.pth" })).rejects.toThrow(
      "no such file or folder; --model resnet50 --weights IMAGENET1K_V2 downloads it",
    );
  });

  it("of another network: what does not fit, and which network they look like", async () => {
    const file = join(folder, "resnet18.safetensors");
    await writeFile(file, zeroWeights("resnet18"));
    await expect(resnet50({ weights: file, device })).rejects.toMatchObject({
      code: "weights-mismatch",
      message: expect.stringMatching(
        /^\S*resnet18\.safetensors does not fit resnet50: \d+ tensors missing \(layer1\.0\.conv3\.weight, .*\), 24 tensors of another shape \(layer1\.0\.conv1\.weight is 64×64×3×3, expected 64×64×1×1, …\): it looks like a resnet18: try --depth 18/,
      ),
    });
    using model = await resnet18({ weights: file, device });
    expect(model.info).toMatchObject({ name: "resnet18", features: 512, classes: 1000, weights: file });
    await expect(openModel({ model: "wide_resnet50_2", weights: await tinyWeights() })).rejects.toThrow(
      "it looks like a tiny: try --model tiny",
    );
  });

  it("that are cut short or no weights at all", async () => {
    const whole = await tinyWeights();
    const cut = whole.subarray(0, whole.length - 1000);
    await expect(openModel({ model: "tiny", weights: cut })).rejects.toMatchObject({ code: "weights-format" });
    const text = new TextEncoder().encode("not weights at all, but a text");
    await expect(openModel({ model: "tiny", weights: text })).rejects.toThrow(
      'bytes: not a weight file: starts with "not weights at a"',
    );
  });

  it("whose metadata breaks its own promise", async () => {
    const open = async (metadata: Record<string, string>) =>
      openModel({ model: "tiny", weights: await tinyWeights({ classes: 4, metadata }), device });
    for (const classes of ['["a","b","c"]', "no JSON", '{"0":"a"}', "[1,2,3,null]"])
      await expect(open({ classes })).rejects.toThrow('metadata "classes" is no JSON list of 4 names');
    await expect(open({ crop: "0" })).rejects.toThrow('metadata crop is "0", expected a number of pixels');
  });
});

it("nothing stays in memory after an error or an abort", async () => {
  const before = memory();
  const weights = await tinyWeights({ metadata: { classes: "no JSON" }, classes: 4 });
  await expect(openModel({ model: "tiny", weights, device: "wasm" })).rejects.toThrow("classes");
  const reason = new Error("no longer wanted");
  const signal = AbortSignal.abort(reason);
  await expect(openModel({ model: "tiny", device: "wasm", signal })).rejects.toBe(reason);
  expect(memory()).toEqual(before);
});

it.each([
  [undefined, /openModel: the options are undefined; .*openModel\(\{ model: "tiny" \}\)/],
  [null, /the options are null/],
  ["tiny", /the options are "tiny"/],
  [{}, /the option model is missing/],
  [
    { model: "tiny", preset: "torchvision-v2" },
    /preset: "torchvision-v2" is no preset; give presets\["torchvision-v2"\]/,
  ],
  [{ model: "tiny", depth: 18 }, /there is no option depth; there are model, weights, device/],
  [{ model: "tiny", weights: null }, /weights is null; leave it out/],
  [{ model: "tiny", offline: "yes" }, /offline is "yes"; expected true or false/],
  [{ model: "tiny", onProgress: true }, /onProgress is a boolean; expected a function/],
  [{ model: "tiny", mirror: "models" }, /mirror: "models" is no address; expected one such as https:/],
  [{ model: "tiny", signal: 5 }, /signal is a number; expected an AbortSignal/],
])("openModel(%j) is one clear error", async (options, message) => {
  const open: (given: never) => Promise<unknown> = openModel;
  await expect(Reflect.apply(open, undefined, [options])).rejects.toThrow(message);
});

describe("kernels, threads and vectors", () => {
  const open = (options: object) =>
    openModel({ model: "tiny", device: "wasm", ...options } as Parameters<typeof openModel>[0]);
  it.each([
    [
      { kernels: new Map([["conv1", "direct"]]) },
      /kernels is an object of class Map; expected an object of kernels' names by node/,
    ],
    [{ kernels: ["direct"] }, /kernels is an array/],
    [{ kernels: { conv1: 3 } }, /kernels has a number for conv1/],
    [{ kernels: { nope: "direct" } }, /kernel for nope: no node of that name/],
    [{ kernels: { conv1: "nope" } }, /kernel for conv1: .*nope/],
    [{ threads: 0 }, /threads is 0; expected a whole number from 1 to 256/],
    [{ threads: "2" }, /threads is "2"/],
    [{ simd: 256 }, /simd is the number 256; use "auto", "256", "128"/],
    [{ optimizeFor: "speed" }, /optimizeFor is "speed"; use "latency" or "throughput"/],
    [{ device: "reference", optimizeFor: "throughput" }, /"reference" has no kernels/],
    [{ device: "reference", simd: "128" }, /vectors are WebAssembly's, and this runs on reference/],
    [{ onWarning: 3 }, /onWarning is a number/],
    [{ weights: { tensors: 3 } }, /weights is no state dict/],
  ])("%j is refused when the model is opened", async (options, message) => {
    const error = await open(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(message);
  });

  it("a kernel of a node that the outputs do not need changes nothing", async () => {
    const photo = fromRoot("examples/photos/cat.png");
    const plain = await open({});
    const direct = await open({ kernels: { "layer4.1.conv2": "direct" } });
    const vectors = await Promise.all([plain, direct].map((model) => model.features(photo, { layer: "layer1" })));
    expect(vectors[1]!.vector).toEqual(vectors[0]!.vector);
    expect(await direct.plan()).toMatch(/layer4\.1\.relu_1 .*conv2d\.wasm-gemm/);
    plain.dispose();
    direct.dispose();
  });

  it("a batch that no memory holds is a DeviceError at once, however large", async () => {
    const model = await open({});
    for (const batch of [2500, 1e7, Number.MAX_SAFE_INTEGER])
      await expect(model.prepare(batch)).rejects.toThrow(/a session for batches up to \d+ needs .* ends at 4\.00 GiB/);
    model.dispose();
  });

  it("lists of layers are told apart, whatever the names", async () => {
    const model = await open({});
    await model.prepare(1, ["layer1", "layer2"]);
    const photo = fromRoot("examples/photos/cat.png");
    await expect(model.features(photo, { layer: "layer1\nlayer2" })).rejects.toThrow(OptionError);
    await expect(model.prepare(1, [])).rejects.toThrow(/layers is empty/);
    model.dispose();
  });
});
