/**
 * The same image gives the same vector whatever its batch, bit for bit, on every device; and another batch compiles nothing and allocates
 * nothing.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { DeviceName } from "../src/backends/backend.ts";
import { Engine } from "../src/engine/engine.ts";
import { preprocess } from "../src/image/preprocess.ts";
import { presets } from "../src/image/preset.ts";
import { createNetwork } from "../src/model/architectures.ts";
import { readImage } from "../src/model/image-source.ts";
import { loadStateDict } from "../src/nn/load-state-dict.ts";
import { inputName, trace, withOutputs } from "../src/nn/trace.ts";
import type { HostTensor } from "../src/tensor/host-tensor.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { expectSameBits } from "./support/compare.ts";
import { goldenStateDict, type HashedName } from "./support/golden-networks.ts";

const photos = fileURLToPath(new URL("../examples/photos/", import.meta.url));

/** `count` different photos as inputs, (count, 3, side, side). */
async function photoBatch(count: number, side: number): Promise<HostTensor> {
  const names = readdirSync(photos).filter((name) => /\.(jpg|png|webp)$/.test(name));
  const preset = { ...presets["torchvision-v1"], resize: { shorter: side + 8 }, crop: side };
  const data = new Float32Array(count * 3 * side * side);
  for (let i = 0; i < count; i++)
    data.set(preprocess(await readImage(`${photos}${names[i]}`), preset).data, i * 3 * side * side);
  return { shape: [count, 3, side, side], dtype: "float32", data };
}

function images(batch: HostTensor, first: number, count: number): HostTensor {
  const size = sizeOf(batch.shape.slice(1));
  const data = batch.data.subarray(first * size, (first + count) * size);
  return { shape: [count, ...batch.shape.slice(1)], dtype: "float32", data };
}

const runs: readonly (readonly [HashedName, DeviceName, side: number])[] = [
  ["resnet18", "wasm", 224],
  ["resnet50", "wasm", 224],
  ["resnext50_32x4d", "wasm", 128],
  ["resnet18", "webgpu", 128],
  ["resnet50", "webgpu", 128],
  ["resnet18", "reference", 64],
  ["resnet50", "reference", 64],
];

describe.each(runs)("%s on %s at %i pixels", (name, device, side) => {
  it("gives the same bits in batches of 1, 3, 8 and a last shorter one, from one session", async () => {
    const network = createNetwork(name, 1000);
    const state = await goldenStateDict(name);
    loadStateDict(network, state);
    const engine = await Engine.open({ device });
    const resident = engine.createResident();
    const graph = withOutputs(trace(network, [3, side, side]), ["avgpool"]);
    const session = await engine.prepare(graph, resident, { maxBatch: 8 });
    await state.close();
    const batch = await photoBatch(8, side);
    const run = async (first: number, count: number) => {
      const outputs = await session.run(new Map([[inputName, images(batch, first, count)]]));
      return outputs.get("avgpool")!.data;
    };

    const whole = await run(0, 8);
    const features = whole.length / 8;
    const counters = engine.counters();
    const check = async (first: number, count: number) => {
      const expected = whole.subarray(first * features, (first + count) * features);
      expectSameBits(`images ${first} to ${first + count - 1} alone`, await run(first, count), expected);
    };
    await check(0, 3);
    await check(6, 2); // the last, shorter one
    await check(7, 1);
    expect(engine.counters()).toEqual(counters);

    // Vectors of different photos differ, or equal bits would say nothing.
    expect(whole.subarray(0, features)).not.toEqual(whole.subarray(features, 2 * features));
    session.dispose();
    resident.dispose();
    engine.dispose();
  }, 600_000);
});
