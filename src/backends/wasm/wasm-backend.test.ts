/** The WebAssembly backend's machinery: sharing, counting, order, ends. That its kernels are right is variants.test.ts's business. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chainImages, convChain } from "../../../test/support/conv-chain.ts";
import { DeviceError, ShapeError } from "../../errors.ts";
import type { GraphNode } from "../../graph/graph.ts";
import type { Constant, HostTensor } from "../../tensor/host-tensor.ts";
import { openWasmBackend, type WasmBackend } from "./wasm-backend.ts";

let backend: WasmBackend;
/** Which constants were read, in order. */
let reads: string[];
const onRead = (name: string): void => {
  reads.push(name);
};
beforeEach(async () => {
  backend = await openWasmBackend();
  reads = [];
});
afterEach(() => backend.dispose());

const images = (count: number, channels = 4, size = 6) => chainImages(0, count, { channels, size });

describe("weights", () => {
  test("are read once and serve every session of a model", async () => {
    const resident = backend.createResident();
    const graph = convChain({ onRead });
    const [a, b] = await Promise.all([
      backend.prepare(graph, resident, { maxBatch: 1 }),
      backend.prepare(graph, resident, { maxBatch: 4 }),
    ]);
    expect(reads.toSorted()).toEqual(["net.0.weight", "net.1.weight"]);
    const { compiled } = backend.counters();
    expect(compiled).toBe(1);
    const bytes = resident.bytes;
    await backend.prepare(convChain({ depth: 3, onRead }), resident, { maxBatch: 1 });
    expect(reads.slice(2)).toEqual(["net.2.weight"]);
    expect(resident.bytes).toBeGreaterThan(bytes);
    expect((await a.run(images(1))).get("y")).toEqual((await b.run(images(1))).get("y"));
  });

  test("that fail to read leave no block behind, and the next try reads them again", async () => {
    const resident = backend.createResident();
    const graph = convChain({ onRead });
    const broken: Constant = {
      ...{ shape: [4, 4, 3, 3], dtype: "float32" },
      read: async () => {
        throw new Error("the disk is gone");
      },
    };
    const nodes = graph.nodes.map((node) => (node.name === "net.1.weight" ? { ...node, constant: broken } : node));
    await expect(backend.prepare({ ...graph, nodes: nodes as GraphNode[] }, resident, { maxBatch: 1 })).rejects.toThrow(
      "the disk is gone",
    );
    // At most what was packed beside it: the other weight, and the table of pixels that both convolutions share.
    expect(backend.counters().liveBuffers).toBeLessThanOrEqual(2);
    const session = await backend.prepare(graph, resident, { maxBatch: 1 });
    expect(backend.counters().liveBuffers).toBe(4); // with the arena
    expect((await session.run(images(1))).get("y")!.data.some((value) => value > 0)).toBe(true);
  });

  test("of convolutions over as many pixels of other images are told apart", async () => {
    // 4×9 and 6×6 pixels: tables of offsets of one length, with other numbers.
    const resident = backend.createResident();
    const outputs = [];
    for (const [height, width] of [
      [6, 6],
      [4, 9],
    ] as const) {
      const graph = convChain({ depth: 1 });
      const shape = [1, 4, height, width];
      const nodes = graph.nodes.map((node) => (node.kind === "constant" ? node : { ...node, shape }));
      const session = await backend.prepare({ ...graph, nodes }, resident, { maxBatch: 1 });
      const x: HostTensor = { shape, dtype: "float32", data: new Float32Array(144).fill(1) };
      outputs.push((await session.run(new Map([["x", x]]))).get("y")!.data);
      const alone = backend.createResident();
      const fresh = await backend.prepare({ ...graph, nodes }, alone, { maxBatch: 1 });
      expect(outputs.at(-1)).toEqual((await fresh.run(new Map([["x", x]]))).get("y")!.data);
    }
    expect(outputs[0]).not.toEqual(outputs[1]);
  });
});

describe("runs", () => {
  test("of another batch compile nothing, allocate nothing and give the same bits", async () => {
    const session = await backend.prepare(convChain(), backend.createResident(), { maxBatch: 5 });
    const five = (await session.run(images(5))).get("y")!;
    const counters = backend.counters();
    for (const count of [1, 2, 5, 3]) {
      const { shape, data } = (await session.run(images(count))).get("y")!;
      expect(shape).toEqual([count, 4, 6, 6]);
      expect(data).toEqual(five.data.subarray(0, data.length));
    }
    expect(backend.counters()).toEqual(counters);
  });

  test("wait for one another", async () => {
    const session = await backend.prepare(convChain({ depth: 4 }), backend.createResident(), { maxBatch: 3 });
    const alone = await session.run(images(3));
    const together = await Promise.all([session.run(images(1)), session.run(images(3)), session.run(images(2))]);
    for (const outputs of together) {
      const { data } = outputs.get("y")!;
      expect(data).toEqual(alone.get("y")!.data.subarray(0, data.length));
    }
  });

  test("give their outputs away: the next run does not touch them", async () => {
    const session = await backend.prepare(convChain(), backend.createResident(), { maxBatch: 1 });
    const first = (await session.run(images(1))).get("y")!;
    const kept = first.data.slice();
    await session.run(new Map([["x", { ...images(1).get("x")!, data: new Float32Array(144) }]]));
    expect(first.data).toEqual(kept);
  });

  test("refuse inputs that do not fit", async () => {
    const session = await backend.prepare(convChain(), backend.createResident(), { maxBatch: 2 });
    await expect(session.run(new Map())).rejects.toThrow(/input x is missing/);
    await expect(session.run(images(3))).rejects.toThrow(/3 images.*1 to 2/);
    await expect(session.run(images(1, 5))).rejects.toThrow(ShapeError);
    await expect(session.run(new Map([...images(1), ["z", images(1).get("x")!]]))).rejects.toThrow(/no input z/);
  });

  test("stop between steps when aborted, and leave timers their turn", async () => {
    const graph = convChain({ channels: 64, size: 96, depth: 30 });
    const session = await backend.prepare(graph, backend.createResident(), { maxBatch: 1 });
    const controller = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks === 3) controller.abort(new Error("enough"));
    }, 1);
    await expect(session.run(images(1, 64, 96), { signal: controller.signal })).rejects.toThrow("enough");
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(3);
    await expect(session.run(images(1, 64, 96), { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
      "before",
    );
    // An aborted run leaves the session usable.
    expect((await session.run(images(1, 64, 96))).get("y")!.shape).toEqual([1, 64, 96, 96]);
  });
});

describe("ends", () => {
  test("a disposed session gives its arena back, a disposed model everything", async () => {
    const resident = backend.createResident();
    const session = await backend.prepare(convChain(), resident, { maxBatch: 8 });
    const { liveBytes, allocated } = backend.counters();
    session.dispose();
    session.dispose();
    expect(backend.counters().liveBytes).toBe(liveBytes - session.bytes);
    await expect(session.run(images(1))).rejects.toThrow(DeviceError);
    const again = await backend.prepare(convChain(), resident, { maxBatch: 8 });
    expect(backend.counters().liveBytes).toBe(liveBytes);
    resident.dispose();
    expect(backend.counters()).toEqual({ compiled: 1, allocated: allocated + 1, liveBuffers: 0, liveBytes: 0 });
    await expect(again.run(images(1))).rejects.toThrow(/disposed/);
    again.dispose();
    await expect(backend.prepare(convChain(), resident, { maxBatch: 1 })).rejects.toThrow(/disposed/);
  });

  test("more memory than WebAssembly has is a DeviceError that says how much", async () => {
    const graph = convChain({ channels: 64, size: 512, depth: 1 });
    await expect(backend.prepare(graph, backend.createResident(), { maxBatch: 100 })).rejects.toThrow(
      /a session for batches up to 100 needs 1\d\.\d\d GiB .*ends at 4\.00 GiB/,
    );
  });
});

test("without relaxed SIMD the plan has the kernels that need none, and says so", async () => {
  const plain = await openWasmBackend({ capabilities: { relaxedSimd: false }, threads: 1 });
  expect(plain.info.description).toBe("WebAssembly SIMD128, no fused multiply-add, 1 thread");
  expect(backend.info.description).toMatch(/^WebAssembly SIMD128, fused multiply-add, \d+ threads?$/);
  const prepared = await plain.prepare(convChain(), plain.createResident(), { maxBatch: 1 });
  const fused = await backend.prepare(convChain(), backend.createResident(), { maxBatch: 1 });
  expect(prepared.plan).toMatch(/conv2d\.wasm-gemm /);
  expect(fused.plan).toMatch(/conv2d\.wasm-gemm-fused/);
  const [a, b] = [await prepared.run(images(1)), await fused.run(images(1))].map((outputs) => outputs.get("y")!.data);
  expect(a).not.toEqual(b); // rounded twice and once
  for (const [i, value] of a!.entries()) expect(value).toBeCloseTo(b![i]!, 4);
  plain.dispose();
});
