/** What is known of torchvision's files: that the table is whole and fits the networks, what its names mean, and that the README says the same. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { OptionError } from "../errors.ts";
import { presets } from "../image/preset.ts";
import { namedParameters } from "../nn/module.ts";
import { sizeOf } from "../tensor/shape.ts";
import { createNetwork, modelNames } from "./architectures.ts";
import {
  enumOf,
  isWeightsEnum,
  networkFacts,
  pretrained,
  pretrainedByEnum,
  pretrainedByFile,
  pretrainedLicence,
} from "./pretrained.ts";

const withFiles = modelNames.filter((name) => name !== "tiny");

test.each(withFiles)("%s has files with believable facts, and as many parameters as the table says", (name) => {
  const files = pretrained[name];
  const { parameters } = networkFacts[name];
  expect(files.length).toBeGreaterThan(0);
  for (const { file, sha256, bytes, mebibytes, top1, top5, preset } of files) {
    expect(file).toMatch(new RegExp(`^${name}-[0-9a-f]{8}\\.pth$`));
    expect(sha256).toMatch(/^([0-9a-f]{8}|[0-9a-f]{64})$/);
    expect(file).toContain(`-${sha256.slice(0, 8)}.`);
    // Four bytes a number, or two: torchvision's first Wide ResNets are stored as float16.
    const perParameter = (mebibytes * 2 ** 20) / parameters;
    expect(Math.min(Math.abs(perParameter - 4), Math.abs(perParameter - 2))).toBeLessThan(0.05);
    if (bytes !== undefined) expect(bytes / 2 ** 20).toBeCloseTo(mebibytes, 3);
    expect(top1).toBeGreaterThan(60);
    expect(top5).toBeGreaterThan(top1);
    expect(top5).toBeLessThan(100);
    expect(presets).toHaveProperty([preset]);
  }
  expect(new Set(files.map(({ weights }) => weights)).size).toBe(files.length);
  const trained = [...namedParameters(createNetwork(name, 1000))].filter(([key]) => /\.(weight|bias)$/.test(key));
  expect(trained.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0)).toBe(parameters);
});

describe("names", () => {
  test("enumerations are spelt as torchvision spells them", () => {
    expect(withFiles.map((name) => enumOf(name))).toEqual([
      ...["ResNet18_Weights", "ResNet34_Weights", "ResNet50_Weights", "ResNet101_Weights", "ResNet152_Weights"],
      ...["ResNeXt50_32X4D_Weights", "ResNeXt101_32X8D_Weights", "ResNeXt101_64X4D_Weights"],
      ...["Wide_ResNet50_2_Weights", "Wide_ResNet101_2_Weights"],
    ]);
  });

  test("mean files", () => {
    const fileOf = (name: Parameters<typeof pretrainedByEnum>[0], text: string) => pretrainedByEnum(name, text).file;
    expect(fileOf("resnet50", "IMAGENET1K_V1")).toBe("resnet50-0676ba61.pth");
    expect(fileOf("resnet50", "ResNet50_Weights.IMAGENET1K_V2")).toBe("resnet50-11ad3fa6.pth");
    expect(fileOf("resnet50", "DEFAULT")).toBe("resnet50-11ad3fa6.pth"); // torchvision's own default
    expect(fileOf("resnet18", "ResNet18_Weights.DEFAULT")).toBe("resnet18-f37072fd.pth");
    expect(pretrainedByFile("resnet50-11ad3fa6.pth")?.name).toBe("resnet50");
    expect(pretrainedByFile("resnet50.pth")).toBeUndefined();
  });

  test.each([
    ["resnet18", "IMAGENET1K_V2", "resnet18: there are no weights IMAGENET1K_V2; there are IMAGENET1K_V1"],
    [
      "resnet18",
      "ResNet50_Weights.IMAGENET1K_V1",
      'resnet18: ResNet50_Weights.IMAGENET1K_V1 is not of this network; these are resnet50\'s: --model resnet50 (openModel({ model: "resnet50" })); there are IMAGENET1K_V1',
    ],
    ["resnet18", "VGG_Weights.DEFAULT", /is not of this network; its enum is ResNet18_Weights; there are/],
    ["resnet50", "imagenet1k_v1", /there are no weights imagenet1k_v1; there are IMAGENET1K_V1, IMAGENET1K_V2/],
    ["tiny", "IMAGENET1K_V1", "tiny: there are no weights IMAGENET1K_V1; leave it out"],
  ] as const)("%s has no %s", (name, text, message) => {
    expect(isWeightsEnum(text)).toBe(true);
    expect(() => pretrainedByEnum(name, text)).toThrow(OptionError);
    expect(() => pretrainedByEnum(name, text)).toThrow(message);
  });

  test("files are not taken for them", () => {
    for (const text of [
      "weights.pth",
      "IMAGENET1K_V1.safetensors",
      "./DEFAULT",
      "my_weights.pth",
      "model_Weights.safetensors.gz",
    ])
      expect(isWeightsEnum(text)).toBe(false);
  });
});

test("the README's table is this one", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const rows = withFiles.flatMap((name) =>
    pretrained[name].map(({ weights, mebibytes, top1, top5, preset }) => {
      const { parameters, gmacs } = networkFacts[name];
      const { shorter } = presets[preset].resize as { shorter: number };
      const numbers = [mebibytes.toFixed(1), top1.toFixed(3), top5.toFixed(3), (parameters / 1e6).toFixed(1)];
      return `| \`${name}\` | \`${weights}\` | ${[...numbers, gmacs.toFixed(2), shorter].join(" | ")} |`;
    }),
  );
  expect(readme).toContain(rows.join("\n"));
  expect(readme).toContain(pretrainedLicence);
});
