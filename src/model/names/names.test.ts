/**
 * The maps of names, held to tables that tools/golden/exports.py found without looking at names; the networks in checkpoints; and what is said
 * where nothing fits. Files of real exporters are in exports.test.ts.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot, tinyWeights } from "../../../test/support/small-weights.ts";
import { presets } from "../../image/preset.ts";
import { namedParameters } from "../../nn/module.ts";
import { type Constant, constantOf, type StateDict } from "../../tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { writeSafetensors } from "../../weights/safetensors-write.ts";
import { createNetwork, type ModelName } from "../architectures.ts";
import { openModel } from "../open-model.ts";
import { labelsFromMetadata } from "./class-labels.ts";
import { fitWeights } from "./fit-weights.ts";
import { presetOfProcessor } from "./hugging-face-preset.ts";
import { presetOfTimm } from "./timm-preset.ts";

type Table = Record<string, Record<string, [string, Shape]>>;
const tables = JSON.parse(await readFile(fromRoot("test/golden/exports/names.json"), "utf8")) as Table;

/** A tensor that nobody reads. */
function shaped(shape: Shape): Constant {
  return { shape, dtype: "float32", read: () => Promise.reject(new Error("nothing is read for names")) };
}

function stateOf(tensors: Iterable<readonly [string, Constant]>, metadata: Record<string, string> = {}): StateDict {
  return {
    ...{ tensors: new Map(tensors), metadata: new Map(Object.entries(metadata)), source: "some.pth" },
    close: async () => {},
  };
}

/** torchvision's names and shapes of a network. */
function tensorsOf(model: ModelName, classes = 10, folded = false): [string, Constant][] {
  return [...namedParameters(createNetwork(model, classes, folded))].map(([name, { shape }]) => [name, shaped(shape)]);
}

function below(prefix: string, tensors: readonly (readonly [string, Constant])[]): [string, Constant][] {
  return tensors.map(([name, tensor]) => [prefix + name, tensor]);
}

describe("every tensor of another library's network is torchvision's of the same place", () => {
  it.each(Object.keys(tables))("%s", async (key) => {
    const table = tables[key]!;
    const model = key.split(" ")[0] as ModelName;
    for (const prefix of ["", "module.", "state_dict.model.module."]) {
      const state = stateOf(Object.entries(table).map(([name, [, shape]]) => [prefix + name, shaped(shape)]));
      const fitted = await fitWeights(state, { model });
      expect(fitted).toMatchObject({ model, prefix, folded: false, passedOver: [] });
      expect(fitted.classes).toBe(key.endsWith("model") ? 0 : 1000);
      for (const [name, [theirs]] of Object.entries(table))
        expect(fitted.state.tensors.get(theirs), name).toBe(state.tensors.get(prefix + name));
      expect(fitted.state.tensors.size).toBe(Object.keys(table).length);
    }
  });
});

describe("a network is found", () => {
  const tiny = tensorsOf("tiny");
  it("without being named, folded or not, with any number of classes or none", async () => {
    for (const model of ["resnet18", "resnet34", "resnet50", "wide_resnet50_2", "resnext50_32x4d", "tiny"] as const)
      for (const [classes, folded] of [
        [0, false],
        [7, true],
      ] as const)
        expect(await fitWeights(stateOf(tensorsOf(model, classes, folded)))).toMatchObject({ model, classes, folded });
  });

  it("beside an optimizer, single numbers and counters, in a checkpoint", async () => {
    const rest: [string, Constant][] = [
      ["optimizer.state.0.exp_avg", shaped([16, 3, 7, 7])],
      ["lr_schedulers.0.base", shaped([2])],
      ["best_acc1", shaped([])],
      ["n_averaged", shaped([1])],
    ];
    const fitted = await fitWeights(stateOf([...below("state_dict.", tiny), ...rest]), { model: "tiny" });
    expect(fitted).toMatchObject({ prefix: "state_dict.", passedOver: rest.map(([name]) => name) });
    // Not where the network has no place of its own: an optimizer's tensors are then tensors too many.
    await expect(fitWeights(stateOf([...tiny, ...rest]), { model: "tiny" })).rejects.toThrow(
      "some.pth does not fit tiny: 4 tensors unexpected (optimizer.state.0.exp_avg, lr_schedulers.0.base, best_acc1, …)",
    );
  });

  it("where its classifier is the one Linear of a Sequential", async () => {
    const renamed = tiny.map(([name, tensor]) => [name.replace(/^fc\./, "fc.1."), tensor] as const);
    expect(await fitWeights(stateOf(renamed))).toMatchObject({ model: "tiny", classes: 10 });
    const two = [...renamed, ["fc.4.weight", shaped([10, 10])], ["fc.4.bias", shaped([10])]] as const;
    await expect(fitWeights(stateOf(two), { model: "tiny" })).rejects.toThrow(
      "2 tensors unexpected (fc.4.weight, fc.4.bias)",
    );
  });

  it("by its prefix, where there are several that fit", async () => {
    const state = stateOf([...below("state_dict.", tiny), ...below("ema.module.", tiny)]);
    await expect(fitWeights(state, { model: "tiny" })).rejects.toThrow(
      'some.pth: holds 2 networks that fit, below "state_dict.", "ema.module.": write the one that you want into a file of its own, ' +
        "residual convert --prefix state_dict. IN OUT",
    );
    expect(await fitWeights(state, { prefix: "ema.module." })).toMatchObject({ model: "tiny", prefix: "ema.module." });
    await expect(fitWeights(state, { prefix: "ema." })).rejects.toThrow(
      'no ResNet\'s names are below "ema."; there are networks below "state_dict.", "ema.module."',
    );
  });

  it("by its shapes, where another stands beside it", async () => {
    const state = stateOf([...below("student.", tiny), ...below("teacher.", tensorsOf("resnet18"))]);
    const fitted = await fitWeights(state, { model: "tiny" });
    expect(fitted).toMatchObject({ model: "tiny", prefix: "student.", others: ["teacher."] });
    expect(fitted.passedOver).toContain("teacher.fc.bias");
    expect(await fitWeights(stateOf([...tiny, ...below("ema.", tiny)]))).toMatchObject({
      prefix: "",
      others: ["ema."],
    });
    expect(await fitWeights(state, { model: "tiny", prefix: "student." })).toMatchObject({ model: "tiny" });
  });
});

describe("what does not fit is said, with the nearest fit", () => {
  it("a name that was mistyped", async () => {
    const tensors = tensorsOf("tiny").map(
      ([name, t]) => [name.replace("layer2.1.conv2.weight", "layer2.1.con2.weight"), t] as const,
    );
    await expect(fitWeights(stateOf(tensors), { model: "tiny" })).rejects.toThrow(
      '1 tensor missing (layer2.1.conv2.weight), 1 tensor unexpected (layer2.1.con2.weight): is "layer2.1.con2.weight" the missing layer2.1.conv2.weight?',
    );
  });

  it("another network, nearly", async () => {
    const tensors = tensorsOf("resnet34").filter(([name]) => name !== "layer4.2.bn2.bias");
    await expect(fitWeights(stateOf(tensors), { model: "resnet18" })).rejects.toThrow(
      /does not fit resnet18: .*: the nearest network is resnet34, with 1 tensor missing \(layer4\.2\.bn2\.bias\)$/,
    );
    await expect(fitWeights(stateOf(tensors))).rejects.toThrow(
      "some.pth does not fit any network (the nearest is resnet34): 1 tensor missing (layer4.2.bn2.bias)",
    );
  });

  it("no network at all", async () => {
    await expect(fitWeights(stateOf([["a", shaped([2])]]))).rejects.toThrow(
      /does not fit any network .*1 tensor unexpected \(a\)/,
    );
  });
});

describe("class names", () => {
  const read = (metadata: Record<string, string>, classes = 3) =>
    labelsFromMetadata(new Map(Object.entries(metadata)), classes, "some.pth");
  it.each([
    [{ classes: '["a","b","c"]' }],
    [{ class_names: '["a","b","c"]' }],
    [{ class_to_idx: '{"c":2,"a":0,"b":1}' }],
    [{ id2label: '{"1":"b","0":"a","2":"c"}' }],
    [{ "idx_to_class.0": "a", "idx_to_class.1": "b", "idx_to_class.2": "c" }],
    [{ classes: "3", "meta.class_to_idx": '{"c":2,"a":0,"b":1}' }],
    [{ "hyper_parameters.classes": '["x"]', "data.classes": '["a","b","c"]' }],
  ])("of %j", (metadata) => expect(read(metadata)).toEqual(["a", "b", "c"]));

  it("are refused where they are not one for each class", () => {
    expect(() => read({ class_to_idx: '{"a":0,"b":0,"c":1}' })).toThrow(
      'metadata "class_to_idx" is no JSON object with the 3 names',
    );
    expect(() => read({ classes: '["a","b"]' })).toThrow('metadata "classes" is no JSON list of 3 names');
    expect(read({ classes: '["a"]' }, 0)).toBeUndefined();
    expect(read({ "args.classes": '["a"]' })).toBeUndefined();
    expect(read({ "id2label.0": "a", "id2label.1": "b" })).toBeUndefined();
  });
});

describe("preprocessing", () => {
  const mean = [0.485, 0.456, 0.406];
  const std = [0.229, 0.224, 0.225];
  const convNext = {
    image_processor_type: "ConvNextImageProcessor",
    image_mean: mean,
    image_std: std,
    crop_pct: 0.875,
    resample: 3,
  };
  it.each([
    [
      { ...convNext, size: { shortest_edge: 224 } },
      { resize: { shorter: 256 }, crop: 224, interpolation: "bicubic" },
    ],
    [
      { ...convNext, size: 224, resample: 2 },
      { resize: { shorter: 256 }, crop: 224, interpolation: "bilinear" },
    ],
    [
      { ...convNext, size: { shortest_edge: 384 } },
      { resize: { squash: [384, 384] }, crop: 384 },
    ],
    [
      { ...convNext, image_processor_type: "ViTImageProcessor", size: { height: 224, width: 224 } },
      { resize: { squash: [224, 224] }, crop: 224 },
    ],
    [
      {
        ...convNext,
        image_processor_type: "CLIPImageProcessor",
        size: { shortest_edge: 240 },
        do_center_crop: true,
        crop_size: 224,
      },
      { resize: { shorter: 240 }, crop: 224 },
    ],
  ])("of Hugging Face's %j", (config, preset) =>
    expect(presetOfProcessor(config, "p")).toMatchObject({ ...preset, mean, std }),
  );

  it("of timm's pretrained_cfg", () => {
    const config = {
      input_size: [3, 224, 224],
      crop_pct: 0.95,
      interpolation: "bicubic",
      crop_mode: "center",
      mean,
      std,
    };
    expect(presetOfTimm(config, "t")).toMatchObject({
      resize: { shorter: 235 },
      crop: 224,
      interpolation: "bicubic",
      mean,
      std,
    });
    expect(presetOfTimm({ ...config, crop_mode: "squash" }, "t")).toMatchObject({ resize: { squash: [235, 235] } });
    expect(presetOfTimm({ ...config, crop_mode: "border" }, "t")).toBe('its crop_mode "border" is not known here');
    expect(presetOfTimm({ ...config, interpolation: "random" }, "t")).toContain("not understood");
  });

  it("that is not understood is said in words", () => {
    expect(presetOfProcessor({ ...convNext, size: "large" }, "p")).toContain('size "large"');
    expect(presetOfProcessor({ ...convNext, size: 224, do_normalize: false }, "p")).toContain("do_normalize is false");
    expect(presetOfProcessor({ ...convNext, size: 224, resample: 9 }, "p")).toContain("not understood");
  });
});

describe("files beside the weights", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "residual-beside-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A file of tiny's shapes and zeros, by transformers' names. */
  async function huggingFace(): Promise<string> {
    const theirs = new Map(Object.entries(tables["resnet18 transformers"]!).map(([name, [ours]]) => [ours, name]));
    const tensors = tensorsOf("tiny", 3).map(([name, { shape }]) => {
      return { name: theirs.get(name)!, dtype: "F16" as const, shape, bytes: new Uint8Array(2 * sizeOf(shape)) };
    });
    const path = join(folder, "model.safetensors");
    await writeFile(path, writeSafetensors(tensors));
    return path;
  }

  async function open(weights: string): Promise<{ notes: string[]; preset: object; labels?: string }> {
    const notes: string[] = [];
    const onWarning = (text: string) => void notes.push(text);
    using model = await openModel({ model: "tiny", weights, device: "reference", onWarning });
    const [top] = model.info.classes === 3 ? await model.classify(fromRoot("examples/photos/cat.png"), { top: 1 }) : [];
    return { notes, preset: model.info.preset, labels: top?.label };
  }

  it("say how Hugging Face's network is fed and what its classes are, or that nothing says it", async () => {
    const weights = await huggingFace();
    const bare = await open(weights);
    expect(bare.preset).toBe(presets["torchvision-v1"]);
    expect(bare.notes).toEqual([
      `${weights}: no config.json beside it says where the strides are; they are taken to be torchvision's (v1.5)`,
      `${weights}: no preprocessor_config.json beside it; pictures are prepared as for torchvision's weights`,
    ]);
    await writeFile(
      join(folder, "config.json"),
      JSON.stringify({ model_type: "resnet", hidden_act: "relu", id2label: { 0: "a", 1: "b", 2: "c" } }),
    );
    const processor = {
      feature_extractor_type: "ConvNextFeatureExtractor",
      size: 48,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [1, 1, 1],
    };
    await writeFile(join(folder, "preprocessor_config.json"), JSON.stringify(processor));
    const full = await open(weights);
    expect(full).toMatchObject({ notes: [], preset: { crop: 48, resize: { shorter: 54 }, interpolation: "bicubic" } });
    expect(["a", "b", "c"]).toContain(full.labels);
    await writeFile(join(folder, "config.json"), JSON.stringify({ downsample_in_bottleneck: true }));
    await expect(open(weights)).rejects.toThrow(/config\.json: downsample_in_bottleneck is true: .*v1/);
    await writeFile(join(folder, "config.json"), "[]");
    await expect(open(weights)).rejects.toThrow("config.json: is no JSON object");
  });

  it("say that timm's network is another, or how it is fed", async () => {
    const weights = join(folder, "model.safetensors");
    await writeFile(weights, await tinyWeights({ metadata: {} }));
    const pretrained_cfg = {
      input_size: [3, 32, 32],
      crop_pct: 0.5,
      interpolation: "bilinear",
      mean: [0, 0, 0],
      std: [1, 1, 1],
    };
    await writeFile(join(folder, "config.json"), JSON.stringify({ architecture: "tiny", pretrained_cfg }));
    // The file's own metadata goes first.
    expect((await open(weights)).preset).toMatchObject({ crop: 64 });
    await writeFile(join(folder, "config.json"), JSON.stringify({ architecture: "resnetblur50", pretrained_cfg }));
    await expect(open(weights)).rejects.toThrow(
      /the weights are those of timm's resnetblur50, and .* was opened as tiny/,
    );
  });
});

it("folded weights give the vectors of the unfolded ones, through a network without norms", async () => {
  const { planConversion } = await import("../convert-weights.ts");
  const { openWeights } = await import("../../weights/open-weights.ts");
  const bytes = await tinyWeights({ classes: 4 });
  const source = await openWeights(bytes);
  const plan = await planConversion(source, { foldBatchNorm: true });
  const tensors = await Promise.all(
    plan.tensors.map(async ({ bytes: read, ...rest }) => ({ ...rest, bytes: await read() })),
  );
  const folded = writeSafetensors(tensors, plan.metadata);
  const photo = fromRoot("examples/photos/cat.png");
  const vectors: Float32Array[] = [];
  for (const weights of [bytes, folded]) {
    using model = await openModel({ model: "tiny", weights, device: "wasm" });
    expect(model.info.nodeNames.includes("bn1")).toBe(weights === bytes);
    vectors.push((await model.features(photo)).vector);
  }
  const [a, b] = vectors as [Float32Array, Float32Array];
  const largest = Math.max(...a);
  expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / largest).toBeLessThan(1e-5);
  expect(a).not.toEqual(new Float32Array(a.length));
  await source.close();
});

it("a constant in memory is enough", async () => {
  const tensors = tensorsOf("tiny", 2).map(
    ([name, { shape }]) => [name, constantOf(new Float32Array(sizeOf(shape)), shape)] as const,
  );
  expect((await fitWeights(stateOf(tensors))).model).toBe("tiny");
});
