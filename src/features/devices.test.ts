/** What holds of a model on every device: the same body for each. WebGPU needs an adapter, which `npm test` brings; without it these fail. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectClose, expectSameBits } from "../../test/support/compare.ts";
import { fromRoot, tinyWeights } from "../../test/support/small-weights.ts";
import type { DeviceName } from "../backends/backend.ts";
import { memory } from "../engine/engine.ts";
import type { Model } from "../model/model.ts";
import { openModel } from "../model/open-model.ts";
import { featuresOf } from "./features-of.ts";

const names = ["astronaut-portrait.jpg", "cat-eyes.jpg", "cat.png", "clock.jpg", "gravel-below.jpg"];
const photos = names.map((name) => fromRoot(`examples/photos/${name}`));
const devices: readonly DeviceName[] = ["reference", "wasm", "webgpu"];
let expected: Float32Array[];

async function vectorsOf(model: Model, batch: number): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for await (const row of featuresOf(photos, { model, batch })) vectors.push(row.vector!);
  return vectors;
}

beforeAll(async () => {
  using model = await openModel({ model: "tiny", weights: await tinyWeights(), device: "reference" });
  expected = await vectorsOf(model, 1);
});

describe.each(devices)("%s", (device) => {
  let model: Model;
  const before = memory();
  beforeAll(async () => {
    model = await openModel({ model: "tiny", weights: await tinyWeights({ classes: 4 }), device });
  });
  afterAll(() => {
    model.dispose();
    expect(memory()).toEqual(before);
  });

  it("gives the reference's vectors, the same bits in batches of 1, 2, 3 and 8", async () => {
    expect(model.device.device).toBe(device);
    const alone = await vectorsOf(model, 1);
    for (const [i, vector] of alone.entries()) expectClose(names[i]!, vector, expected[i]!, 1e-5);
    for (const batch of [2, 3, 8])
      for (const [i, vector] of (await vectorsOf(model, batch)).entries())
        expectSameBits(`${names[i]} in batches of ${batch}`, vector, alone[i]!);
  });

  it("gives several layers and classes, together and at once, as alone", async () => {
    const layers = ["layer1.0.relu", "layer3", "avgpool"];
    const [together, classes, alone] = await Promise.all([
      model.features(photos[2]!, { layers }),
      model.classify(photos[2]!, { top: 4 }),
      model.features(photos[2]!),
    ]);
    expectSameBits("avgpool", together.vectors.avgpool!, alone.vector);
    expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    const layer3 = await model.features(photos[2]!, { layer: "layer3" });
    expectSameBits("layer3", layer3.vector, together.vectors.layer3!);
  });

  it("stops at the signal, and goes on afterwards as before", async () => {
    const reason = new Error("no longer wanted");
    const abort = new AbortController();
    const loop = async () => {
      for await (const row of featuresOf([...photos, ...photos, ...photos], {
        model,
        batch: 2,
        signal: abort.signal,
      })) {
        expect(row.error).toBeUndefined();
        setTimeout(() => abort.abort(reason), 0);
      }
    };
    await expect(loop()).rejects.toBe(reason);
    const held = memory();
    expectSameBits("afterwards", (await vectorsOf(model, 2))[4]!, (await vectorsOf(model, 1))[4]!);
    expect(memory()).toEqual(held);
  });

  it("lets a run under way end at dispose(), then frees all, and refuses to be used", async () => {
    const held = memory();
    const second = await openModel({ model: "tiny", weights: await tinyWeights(), device });
    const input = await second.preprocess(photos[1]!);
    await second.prepare(1);
    expect(memory().bytes).toBeGreaterThan(held.bytes);
    const running = second.vectorsOf([input], ["avgpool"]);
    second.dispose();
    expectClose("the run under way", (await running)[0]!.avgpool!, expected[1]!, 1e-5);
    expect(memory()).toEqual(held);
    await expect(second.features(photos[1]!)).rejects.toThrow("the model was used after dispose()");
  });
});
