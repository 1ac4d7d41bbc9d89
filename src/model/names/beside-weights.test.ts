/** What lies beside the weights: preprocessing and classes by Hugging Face's and timm's configurations, and networks that these tell apart. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tensorsOf } from "../../../test/support/shapes-alone.ts";
import { fromRoot, tinyWeights } from "../../../test/support/small-weights.ts";
import { presets } from "../../image/preset.ts";
import type { Shape } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { writeSafetensors } from "../../weights/safetensors-write.ts";
import { openModel } from "../open-model.ts";
import { presetOfProcessor } from "./hugging-face-preset.ts";
import { presetOfTimm } from "./timm-preset.ts";

const tables = JSON.parse(await readFile(fromRoot("test/golden/exports/names.json"), "utf8")) as Record<
  string,
  Record<string, [string, Shape]>
>;

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
    using model = await openModel({ model: "tiny", weights, device: "wasm", onWarning });
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
    await writeFile(join(folder, "config.json"), JSON.stringify({ id2label: { 0: "a", 1: "b" } }));
    expect((await open(weights)).notes).toEqual([
      `${join(folder, "config.json")}: its id2label does not name the 3 classes, and is passed over`,
    ]);
    await writeFile(
      join(folder, "config.json"),
      new Uint8Array([...'{"id2label":"', 0xff].map((c) => (typeof c === "string" ? c.charCodeAt(0) : c))),
    );
    await expect(open(weights)).rejects.toThrow("config.json: is not valid UTF-8");
    await writeFile(join(folder, "config.json"), JSON.stringify({ downsample_in_bottleneck: true }));
    await expect(open(weights)).rejects.toThrow(/config\.json: downsample_in_bottleneck is true: .*v1/);
    await writeFile(join(folder, "config.json"), "[]");
    await expect(open(weights)).rejects.toThrow("config.json: is no JSON object");
  });

  it("and a preset of one's own leave what is said of the network itself", async () => {
    const weights = await huggingFace();
    await rm(join(folder, "config.json"), { force: true });
    const notes: string[] = [];
    const onWarning = (text: string) => void notes.push(text);
    (
      await openModel({ model: "tiny", weights, device: "wasm", preset: presets["torchvision-v2"], onWarning })
    ).dispose();
    expect(notes).toEqual([expect.stringContaining("no config.json beside it says where the strides are")]);
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
