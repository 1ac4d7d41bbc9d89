/** BasicBlock and Bottleneck against PyTorch's (test/golden/blocks.safetensors), on every device, in batches, and every tap. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceChoice } from "../src/backends/select.ts";
import { Engine } from "../src/engine/engine.ts";
import { nodeNames } from "../src/graph/graph.ts";
import { inputName, trace, withOutputs } from "../src/nn/trace.ts";
import type { HostTensor } from "../src/tensor/host-tensor.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { expectClose, expectSameBits } from "./support/compare.ts";
import { type BlockCase, buildBlock } from "./support/golden-blocks.ts";
import { hashSigned } from "./support/hash-fill.ts";

const url = (name: string) => new URL(`golden/${name}`, import.meta.url);
const cases: BlockCase[] = JSON.parse(readFileSync(url("blocks.json"), "utf8"));

describe.each(["reference", "wasm", "webgpu"] satisfies DeviceChoice[])("on %s", (device) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open({ device });
  });
  afterAll(() => engine.dispose());
  const limit = device === "reference" ? 1e-5 : 1e-4;

  it.each(cases)("$name equals PyTorch's", async (spec) => {
    const golden = await openSafetensors(url("blocks.safetensors"));
    const expected = Float32Array.from(await golden.tensors.get(spec.name)!.read());
    await golden.close();
    const [batch, ...image] = spec.input as [number, ...number[]];
    const x: HostTensor = {
      shape: spec.input,
      dtype: "float32",
      data: hashSigned(`block/${spec.name}/input`, sizeOf(spec.input)),
    };
    const graph = trace(buildBlock(spec), image);
    const resident = engine.createResident();
    const session = await engine.prepare(graph, resident, { maxBatch: batch });
    const [result] = (await session.run(new Map([[inputName, x]]))).values();
    expect(result!.shape).toEqual(spec.output);
    expectClose(`${device} ${spec.name}`, result!.data, expected, limit);

    // Every node as an output, all at once: the last one's bits must not change.
    const names = nodeNames(graph).filter((name) => name !== inputName);
    const tapped = await engine.prepare(withOutputs(graph, names), resident, { maxBatch: batch });
    const taps = await tapped.run(new Map([[inputName, x]]));
    expect([...taps.keys()]).toEqual(names);
    expectSameBits("under every tap", taps.get(graph.outputs[0]!.name)!.data, result!.data);
    for (const [name, tap] of taps) {
      const node = graph.nodes.find((candidate) => candidate.name === name)!;
      expect(tap.data).toHaveLength(batch * sizeOf(node.shape));
    }
    tapped.dispose();
    session.dispose();
    resident.dispose();
  });
});
