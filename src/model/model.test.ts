/** A model as its users have it, on WebAssembly: tiny's weights at 64×64, with a classifier where one is needed. */
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBits } from "../../test/support/compare.ts";
import { hashSigned } from "../../test/support/hash-fill.ts";
import { fromRoot, tinyWeights } from "../../test/support/small-weights.ts";
import { memory } from "../engine/engine.ts";
import { ShapeError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import type { Model } from "./model.ts";
import { openModel } from "./open-model.ts";

const cat = fromRoot("examples/photos/cat.png");
const coffee = fromRoot("examples/photos/coffee.jpg");
const device = "wasm";
let model: Model;

beforeAll(async () => {
  model = await openModel({ model: "tiny", weights: await tinyWeights({ classes: 10 }), device });
});
afterAll(() => model.dispose());

describe("features", () => {
  it("are the same bits from a path, a URL object, bytes, an ArrayBuffer, a Blob, a File and pixels", async () => {
    const bytes = await readFile(cat);
    const { width, height, data: rgb } = await decodeImage(bytes);
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let i = 0; i < width * height; i++) rgba.set([...rgb.subarray(3 * i, 3 * i + 3), 7], 4 * i);
    const sources = {
      ...{ "URL object": pathToFileURL(cat), bytes, ArrayBuffer: Uint8Array.from(bytes).buffer },
      ...{ Blob: new Blob([bytes]), File: new File([bytes], "cat.png"), pixels: { width, height, data: rgba } },
    };
    const expected = await model.features(cat);
    expect(expected.device).toBe(device);
    expect(expected.vector.length).toBe(128);
    expect(expected.vector.some((value) => value > 0.5)).toBe(true);
    for (const [what, source] of Object.entries(sources))
      expectSameBits(what, (await model.features(source)).vector, expected.vector);
  });

  it("are not made of a batch in which an image has another shape", async () => {
    const whole = await model.preprocess(cat);
    const cut = { shape: [3, 32, 32], dtype: "float32", data: new Float32Array(3 * 32 * 32) } as const;
    await expect(model.vectorsOf([whole, cut], ["avgpool"])).rejects.toThrow(
      "a batch of images of different shapes: image 1 is 3×32×32 (3072 numbers), image 0 is 3×64×64",
    );
    await expect(model.vectorsOf([cut, cut], ["avgpool"])).rejects.toThrow(ShapeError);
    await expect(model.prepare(0)).rejects.toThrow("prepare: maxBatch is 0; expected a whole number of at least 1");
  });

  it("differ from photo to photo", async () => {
    const options = { normalize: "l2" } as const;
    const [a, b] = [await model.features(cat, options), await model.features(coffee, options)];
    expect(a.vector.reduce((sum, value, i) => sum + value * b.vector[i]!, 0)).toBeLessThan(0.95);
  });

  it("of several layers come in one run, each as alone", async () => {
    const layers = ["layer1", "layer4.1.add", "avgpool", "x"];
    const { vectors } = await model.features(cat, { layers });
    expect(Object.keys(vectors)).toEqual(layers);
    expect(layers.map((layer) => vectors[layer]!.length)).toEqual([16, 128, 128, 3]);
    for (const layer of layers) expectSameBits(layer, (await model.features(cat, { layer })).vector, vectors[layer]!);
  });

  it("are pooled and normalised as asked, from the same map", async () => {
    const of = async (options: object) => (await model.features(cat, { layer: "layer3", ...options })).vector;
    const map = await of({ pool: "flatten" });
    expect(map.length).toBe(64 * 4 * 4);
    const channels = Array.from({ length: 64 }, (_, c) => map.subarray(16 * c, 16 * (c + 1)));
    expect(await of({ pool: "max" })).toEqual(Float32Array.from(channels, (channel) => Math.max(...channel)));
    const average = Float32Array.from(channels, (channel) => channel.reduce((sum, value) => sum + value, 0) / 16);
    expect(await of({})).toEqual(average);
    const unit = await of({ normalize: "l2" });
    const length = Math.hypot(...average);
    expect(Math.hypot(...unit)).toBeCloseTo(1, 6);
    expect(unit[5]).toBeCloseTo(average[5]! / length, 6);
  });

  it("asked for at once are right: layers, photos and pools do not mix", async () => {
    const wanted = [
      [cat, {}],
      [coffee, {}],
      [cat, { layer: "layer2" }],
      [coffee, { layer: "layer2", pool: "max" }],
      [cat, { layer: "layer1" }],
      [coffee, {}],
      [coffee, { layer: "maxpool" }],
      [cat, { layer: "bn1" }],
      [cat, {}],
    ] as const;
    const together = await Promise.all(wanted.map(([photo, options]) => model.features(photo, options)));
    for (const [i, [photo, options]] of wanted.entries())
      expectSameBits(`request ${i}`, together[i]!.vector, (await model.features(photo, options)).vector);
  });

  it("refuse wrong options, each with what would be right", async () => {
    const refused = (options: object) => expect(model.features(cat, options)).rejects;
    await refused({ layer: "layer4.1.ad" }).toThrow(/layer "layer4.1.ad": .*near it are layer4.1.add, /);
    await refused({ layers: ["layer1", "nowhere"] }).toThrow(/layer "nowhere": .*there are x, conv1, /);
    await refused({ layer: "layer1", layers: ["layer2"] }).toThrow("layer and layers together; give one of them");
    await refused({ layers: [] }).toThrow("layers is empty; name at least one");
    await refused({ pool: "median" }).toThrow('pool "median": there is no such; use avg, max, flatten');
    await refused({ normalize: "l1" }).toThrow('normalize "l1": there is no such; use none, l2');
  });

  it("of what is no image are an error that names it", async () => {
    await expect(model.features("nowhere.jpg")).rejects.toMatchObject({
      ...{ name: "ImageError", code: "not-found", message: "nowhere.jpg: no such file or folder" },
    });
    const text = new File(["The quick brown fox"], "fox.jpg");
    await expect(model.features(text)).rejects.toThrow('fox.jpg: not an image: starts with "The q"');
    await expect(model.features(new Uint8Array(0))).rejects.toThrow("image: not an image: the file is empty");
    await expect(model.features({ width: 2, height: 2, data: new Uint8Array(12) })).rejects.toThrow("expected 16");
    for (const [nothing, said] of [
      [null, "null"],
      [17, "a number"],
      [{ path: "cat.jpg" }, "an object"],
    ] as const)
      await expect(Reflect.apply(model.features, model, [nothing])).rejects.toThrow(
        `an image is ${said}: give a path, a URL object, bytes`,
      );
  });

  it("stop at the signal, with its reason", async () => {
    const reason = new Error("no longer wanted");
    await expect(model.features(cat, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("classify", () => {
  it("gives the likeliest classes first, as the classifier on the vector says", async () => {
    const { vector } = await model.features(cat);
    const weight = hashSigned("fc.weight", 1280, 0.5);
    const bias = hashSigned("fc.bias", 10, 0.5);
    const powers = Array.from(bias, (b, row) =>
      Math.exp(vector.reduce((sum, value, i) => sum + value * weight[128 * row + i]!, b)),
    );
    const all = await model.classify(cat, { top: 10 });
    const total = powers.reduce((sum, power) => sum + power, 0);
    for (const { index, probability, label } of all) {
      expect(probability).toBeCloseTo(powers[index]! / total, 5);
      expect(label).toBeUndefined();
    }
    expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    expect(all.map(({ probability }) => probability)).toEqual(
      all.map(({ probability }) => probability).sort((a, b) => b - a),
    );
    expect(await model.classify(cat)).toEqual(all.slice(0, 5));
    expect(await model.classify(cat, { top: 1 })).toEqual(all.slice(0, 1));
  });

  it("refuses a top that there is not", async () => {
    for (const top of [0, 11, 1.5, Number.NaN])
      await expect(model.classify(cat, { top })).rejects.toThrow(`top is ${top}; expected a whole number from 1 to 10`);
  });

  it("refuses weights without a classifier", async () => {
    const vectorsOnly = await openModel({ model: "tiny", device });
    await expect(vectorsOnly.classify(cat)).rejects.toThrow("tiny: these weights have no classifier, only vectors");
    vectorsOnly.dispose();
  });
});

describe("several models", () => {
  it("run at once and do not mix", async () => {
    const larger = await openModel({ model: "tiny", weights: await tinyWeights({ crop: 96 }), device });
    const [a, b] = [await model.features(cat), await larger.features(cat)];
    const [c, d] = await Promise.all([model.features(cat), larger.features(cat)]);
    expectSameBits("the first", c.vector, a.vector);
    expectSameBits("the second", d.vector, b.vector);
    expect(a.vector).not.toEqual(b.vector);
    larger.dispose();
    expectSameBits("the first, after the second is gone", (await model.features(cat)).vector, a.vector);
  });
});

describe("wrong arguments", () => {
  it.each([
    [cat, null, /features: the options are null/],
    [cat, { pol: "max" }, /features: there is no option pol; there are layer, layers, pool/],
    [cat, { layer: ["layer1"] }, /a layer is a node's name/],
    [cat, { signal: "x" }, /features: signal is "x"; expected an AbortSignal/],
    [cat, { exif: "no" }, /features: exif is "no"; expected true or false/],
    [cat, { layers: null }, /features: a layer is a node's name, layers a list of them/],
    [
      { width: 2, height: 2, data: new Float32Array(16) },
      {},
      /data is an object of class Float32Array; expected 8-bit/,
    ],
  ])("features(%o, %j) is one clear error", async (image, options, message) => {
    await expect(Reflect.apply(model.features, model, [image, options])).rejects.toThrow(message);
  });
});

it.each([
  ["preprocess", [cat, null], /preprocess: the options are null/],
  ["preprocess", [cat, { exiff: true }], /preprocess: there is no option exiff; there are name, exif, signal/],
  ["vectorsOf", [], /vectorsOf: the images are no list of what preprocess\(\) gave/],
  ["vectorsOf", [[1], ["avgpool"]], /vectorsOf: the images are no list of what preprocess\(\) gave/],
] as const)("%s(%o) is one clear error", async (method, given, message) => {
  await expect(Reflect.apply(model[method], model, [...given])).rejects.toThrow(message);
});

describe("dispose", () => {
  it("frees what the model held, and using it afterwards is an error", async () => {
    const before = memory();
    const weights = await tinyWeights();
    const second = await openModel({ model: "tiny", weights, device });
    await second.features(cat);
    await second.features(cat, { layer: "layer2" });
    expect(memory().bytes).toBeGreaterThan(before.bytes + 2 * 704_516);
    second.dispose();
    second.dispose();
    expect(memory()).toEqual(before);
    await expect(second.features(cat)).rejects.toThrow("the model was used after dispose()");
    await expect(second.prepare(2)).rejects.toThrow("the model was used after dispose()");
  });

  it("lets calls that were begun end, and frees then", async () => {
    const before = memory();
    const second = await openModel({ model: "tiny", weights: await tinyWeights(), device });
    const begun = [cat, coffee, cat].map((image) => second.features(image));
    second.dispose();
    await expect(second.features(cat)).rejects.toThrow("the model was used after dispose()");
    for (const { vector } of await Promise.all(begun)) expect(vector).toHaveLength(128);
    expect(memory()).toEqual(before);
  });

  it("comes of itself with await using and with using", async () => {
    const before = memory();
    {
      await using one = await openModel({ model: "tiny", device });
      using two = await openModel({ model: "tiny", device });
      await Promise.all([one.prepare(1), two.prepare(1)]);
      expect(memory().buffers).toBeGreaterThan(before.buffers);
    }
    expect(memory()).toEqual(before);
  });
});

describe("weights that hold NaN or overflow", () => {
  it("are an error of the image, not a vector", async () => {
    const weights = await tinyWeights({ classes: 10, replace: { "bn1.weight": (data) => data.fill(Number.NaN) } });
    const broken = await openModel({ model: "tiny", weights, device });
    await expect(broken.features(cat)).rejects.toMatchObject({
      code: "weights-not-finite",
      message: `${cat}: number 0 of its vector at avgpool is NaN: numbers in bytes are NaN or too large, or a running variance is negative`,
    });
    await expect(broken.classify(cat)).rejects.toThrow("number 0 of its vector at fc is NaN");
    broken.dispose();
    const large = await openModel({
      ...{ model: "tiny", device },
      weights: await tinyWeights({ replace: { "layer4.1.bn2.bias": (data) => data.fill(3e38) } }),
    });
    await expect(large.features(cat, { layer: "avgpool" })).rejects.toThrow(/at avgpool is Infinity/);
    expect((await large.features(cat, { layer: "layer3" })).vector.length).toBe(64);
    large.dispose();
  });
});
