import { describe, expect, it } from "vitest";
import { OptionError, WeightError } from "../errors.ts";
import { checkPreset, type Preset, presetFromMetadata, presetNamed, presets } from "./preset.ts";

/** As in the metadata of assets/tiny.safetensors. */
const tiny = {
  architecture: "resnet18",
  name: "tiny",
  resize: "256",
  crop: "224",
  mean: "0.485,0.456,0.406",
  std: "0.229,0.224,0.225",
};

function parse(metadata: Record<string, string>) {
  return presetFromMetadata(new Map(Object.entries(metadata)), "weights.safetensors");
}

describe("checkPreset", () => {
  const own: Preset = { ...presets["torchvision-v1"], name: "own", resize: { squash: [96, 64] }, crop: 64 };

  it("takes those there are, and others in their form", () => {
    for (const preset of [...Object.values(presets), own]) expect(() => checkPreset(preset)).not.toThrow();
  });

  it.each<[what: string, preset: unknown]>([
    ["nothing", null],
    ["an empty object", {}],
    ["no resize", { ...own, resize: 96 }],
    ["one side to squash to", { ...own, resize: { squash: [96] } }],
    ["a crop of half a pixel", { ...own, crop: 0.5 }],
    ["a crop beyond all memory", { ...own, crop: 1e9 }],
    ["another interpolation", { ...own, interpolation: "lanczos" }],
    ["two means", { ...own, mean: [0, 0] }],
    ["a deviation of zero", { ...own, std: [1, 0, 1] }],
  ])("refuses %s", (_, preset) => {
    expect(() => checkPreset(preset)).toThrow(OptionError);
    expect(() => checkPreset(preset)).toThrow(/is no preset; give one of presets, or \{ name, resize, /);
  });

  it("says how a name becomes one", () => {
    expect(() => checkPreset("scale224")).toThrow('preset: "scale224" is no preset; give presets["scale224"]');
  });
});

describe("presetFromMetadata", () => {
  it("knows a named preset by its values", () => {
    expect(parse(tiny)).toBe(presets["torchvision-v1"]);
    expect(parse({ ...tiny, resize: "232" })).toBe(presets["torchvision-v2"]);
    expect(parse({ ...tiny, resize: "224" })).toBe(presets.scale224);
    expect(parse({ ...tiny, resize: "224x224" })).toBe(presets.squash224);
  });

  it("reads any other", () => {
    const preset = parse({
      resize: " 96x64",
      crop: "64",
      mean: "0.5, 0.5,0.5",
      std: "1,1,1e0",
      interpolation: "bicubic",
    });
    expect(preset).toEqual({
      name: "weights.safetensors",
      resize: { squash: [96, 64] },
      crop: 64,
      interpolation: "bicubic",
      mean: [0.5, 0.5, 0.5],
      std: [1, 1, 1],
    });
  });

  it("is undefined where the file says nothing", () => {
    expect(parse({ format: "pt" })).toBeUndefined();
  });

  it("refuses a half, naming what is missing", () => {
    expect(() => parse({ resize: "256", mean: tiny.mean })).toThrow(WeightError);
    expect(() => parse({ resize: "256", mean: tiny.mean })).toThrow(
      "weights.safetensors: its preprocessing lacks crop, std",
    );
  });

  it.each([
    ["resize", "0"],
    ["resize", "256x"],
    ["resize", "224x224x3"],
    ["resize", "100000"],
    ["crop", "-1"],
    ["crop", "22.5"],
    ["crop", ""],
    ["mean", "0.5,0.5"],
    ["mean", "0.5,,0.5"],
    ["mean", "0.5,NaN,0.5"],
    ["std", "1,0,1"],
    ["std", "1,1,-1"],
    ["interpolation", "nearest"],
  ])("refuses %s %j, saying what is expected", (key, value) => {
    const message = `weights.safetensors: metadata ${key} is ${JSON.stringify(value)}, expected `;
    expect(() => parse({ ...tiny, [key]: value })).toThrow(message);
  });
});

describe("presetNamed", () => {
  it("finds presets and lists them where there is none of that name", () => {
    expect(presetNamed("squash224")).toBe(presets.squash224);
    expect(() => presetNamed("toString")).toThrow(OptionError);
    expect(() => presetNamed("v3")).toThrow("use torchvision-v1, torchvision-v2, scale224, squash224");
  });
});
