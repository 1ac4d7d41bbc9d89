/** The WebAssembly backend's machinery: sharing, counting, order, ends. That its kernels are right is variants.test.ts's business. */
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { whyNot256 } from "#platform";
import { hashSigned } from "../../../test/support/hash-fill.ts";
import { DeviceError, ShapeError } from "../../errors.ts";
import type { Graph, GraphNode } from "../../graph/graph.ts";
import { workerPool } from "../../platform/worker-pool.ts";
import type { Constant, HostTensor } from "../../tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { openWasmBackend, type WasmBackend, type WasmOptions } from "./wasm-backend.ts";

/** On a busy machine a worker thread takes its time. */
const patience = { timeout: 60_000 };

let backend: WasmBackend;
beforeEach(async () => {
  backend = await openWasmBackend();
});
afterEach(() => backend.dispose());

/** Which constants were read, in order. */
let reads: string[] = [];

function constant(name: string, shape: Shape): Constant {
  const read = async () => {
    reads.push(name);
    return hashSigned(name, sizeOf(shape));
  };
  return { shape, dtype: "float32", read };
}

/** x (batch, C, H, W) → conv 3×3 with ReLU → … `depth` times → y, images of the same size. */
function convGraph(options: { channels?: number; size?: number; depth?: number; prefix?: string } = {}): Graph {
  const { channels = 4, size = 6, depth = 2, prefix = "net" } = options;
  const shape = [1, channels, size, size];
  const nodes: GraphNode[] = [{ kind: "input", id: 0, name: "x", shape, batched: true }];
  const attrs = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1, bias: false, residual: false };
  for (let i = 0; i < depth; i++) {
    const weight = [channels, channels, 3, 3];
    const name = `${prefix}.${i}.weight`;
    const [w, conv] = [1 + 2 * i, 2 + 2 * i];
    nodes.push(
      { kind: "constant", id: w, name, shape: weight, batched: false, constant: constant(name, weight) },
      {
        ...{ kind: "op", id: conv, name: `${prefix}.${i}`, shape, batched: true, op: "conv2d" },
        ...{ attrs: { ...attrs, relu: true }, inputs: [conv - 2, w], covers: [`${prefix}.${i}`] },
      },
    );
  }
  return { nodes, outputs: [{ name: "y", node: 2 * depth }], aliases: new Map() };
}

function images(count: number, channels = 4, size = 6): Map<string, HostTensor> {
  const shape = [count, channels, size, size];
  return new Map([["x", { shape, dtype: "float32", data: hashSigned("x", sizeOf(shape)) }]]);
}

beforeEach(() => {
  reads = [];
});

describe("weights", () => {
  test("are read once and serve every session of a model", async () => {
    const resident = backend.createResident();
    const graph = convGraph();
    const [a, b] = await Promise.all([
      backend.prepare(graph, resident, { maxBatch: 1 }),
      backend.prepare(graph, resident, { maxBatch: 4 }),
    ]);
    expect(reads.toSorted()).toEqual(["net.0.weight", "net.1.weight"]);
    const { compiled } = backend.counters();
    expect(compiled).toBe(1);
    const bytes = resident.bytes;
    await backend.prepare(convGraph({ depth: 3 }), resident, { maxBatch: 1 });
    expect(reads.slice(2)).toEqual(["net.2.weight"]);
    expect(resident.bytes).toBeGreaterThan(bytes);
    expect((await a.run(images(1))).get("y")).toEqual((await b.run(images(1))).get("y"));
  });

  test("that fail to read leave no block behind, and the next try reads them again", async () => {
    const resident = backend.createResident();
    const graph = convGraph();
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
      const graph = convGraph({ depth: 1 });
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
    const session = await backend.prepare(convGraph(), backend.createResident(), { maxBatch: 5 });
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
    const session = await backend.prepare(convGraph({ depth: 4 }), backend.createResident(), { maxBatch: 3 });
    const alone = await session.run(images(3));
    const together = await Promise.all([session.run(images(1)), session.run(images(3)), session.run(images(2))]);
    for (const outputs of together) {
      const { data } = outputs.get("y")!;
      expect(data).toEqual(alone.get("y")!.data.subarray(0, data.length));
    }
  });

  test("give their outputs away: the next run does not touch them", async () => {
    const session = await backend.prepare(convGraph(), backend.createResident(), { maxBatch: 1 });
    const first = (await session.run(images(1))).get("y")!;
    const kept = first.data.slice();
    await session.run(new Map([["x", { ...images(1).get("x")!, data: new Float32Array(144) }]]));
    expect(first.data).toEqual(kept);
  });

  test("refuse inputs that do not fit", async () => {
    const session = await backend.prepare(convGraph(), backend.createResident(), { maxBatch: 2 });
    await expect(session.run(new Map())).rejects.toThrow(/input x is missing/);
    await expect(session.run(images(3))).rejects.toThrow(/3 images.*1 to 2/);
    await expect(session.run(images(1, 5))).rejects.toThrow(ShapeError);
    await expect(session.run(new Map([...images(1), ["z", images(1).get("x")!]]))).rejects.toThrow(/no input z/);
  });

  test("stop between steps when aborted, and leave timers their turn", async () => {
    const graph = convGraph({ channels: 64, size: 96, depth: 30 });
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
    const session = await backend.prepare(convGraph(), resident, { maxBatch: 8 });
    const { liveBytes, allocated } = backend.counters();
    session.dispose();
    session.dispose();
    expect(backend.counters().liveBytes).toBe(liveBytes - session.bytes);
    await expect(session.run(images(1))).rejects.toThrow(DeviceError);
    const again = await backend.prepare(convGraph(), resident, { maxBatch: 8 });
    expect(backend.counters().liveBytes).toBe(liveBytes);
    resident.dispose();
    expect(backend.counters()).toEqual({ compiled: 1, allocated: allocated + 1, liveBuffers: 0, liveBytes: 0 });
    await expect(again.run(images(1))).rejects.toThrow(/disposed/);
    again.dispose();
    await expect(backend.prepare(convGraph(), resident, { maxBatch: 1 })).rejects.toThrow(/disposed/);
  });

  test("more memory than WebAssembly has is a DeviceError that says how much", async () => {
    const graph = convGraph({ channels: 64, size: 512, depth: 1 });
    await expect(backend.prepare(graph, backend.createResident(), { maxBatch: 100 })).rejects.toThrow(
      /a session for batches up to 100 needs 1\d\.\d\d GiB .*ends at 4\.00 GiB/,
    );
  });
});

test("without relaxed SIMD the plan has the kernels that need none, and says so", async () => {
  const plain = await openWasmBackend({ capabilities: { relaxedSimd: false }, threads: 1 });
  expect(plain.info.description).toBe("WebAssembly SIMD128, no fused multiply-add, 1 thread");
  expect(backend.info.description).toMatch(/^WebAssembly SIMD128, fused multiply-add, \d+ threads?$/);
  const prepared = await plain.prepare(convGraph(), plain.createResident(), { maxBatch: 1 });
  const fused = await backend.prepare(convGraph(), backend.createResident(), { maxBatch: 1 });
  expect(prepared.plan).toMatch(/conv2d\.wasm-gemm /);
  expect(fused.plan).toMatch(/conv2d\.wasm-gemm-fused/);
  const [a, b] = [await prepared.run(images(1)), await fused.run(images(1))].map((outputs) => outputs.get("y")!.data);
  expect(a).not.toEqual(b); // rounded twice and once
  for (const [i, value] of a!.entries()) expect(value).toBeCloseTo(b![i]!, 4);
  plain.dispose();
});

describe("threads, vectors and memory change no bits", () => {
  const wide = whyNot256() === undefined;
  const ways: [string, WasmOptions][] = [
    ["1 thread", { threads: 1 }],
    ["2 threads", { threads: 2 }],
    ["5 threads, more than there may be processors", { threads: 5 }],
    ["no shared memory", { threads: 2, sharedMemory: false }],
    ...(wide ? [["256 bits", { threads: 2, simd: "256" }] as [string, WasmOptions]] : []),
    ...(wide ? [["256 bits, 1 thread", { threads: 1, simd: "256" }] as [string, WasmOptions]] : []),
  ];
  const graph = convGraph({ channels: 32, size: 29, depth: 3 });
  let expected: Float32Array;
  beforeAll(async () => {
    const usual = await openWasmBackend();
    const session = await usual.prepare(graph, usual.createResident(), { maxBatch: 8 });
    expected = (await session.run(images(8, 32, 29))).get("y")!.data;
    usual.dispose();
  });

  test.each(ways)("%s", async (_, options) => {
    const other = await openWasmBackend(options);
    const session = await other.prepare(graph, other.createResident(), { maxBatch: 8 });
    for (const batch of [8, 1, 3]) {
      const { data } = (await session.run(images(batch, 32, 29))).get("y")!;
      expect(data).toEqual(expected.subarray(0, data.length));
    }
    other.dispose();
  });

  test("and what is used is said", async () => {
    const alone = await openWasmBackend({ threads: 2, sharedMemory: false });
    expect(alone.info).toMatchObject({ simd: 128, threads: 1 });
    expect(alone.info.warning).toMatch(/one thread: memory cannot be shared/);
    alone.dispose();
    const two = await openWasmBackend({ threads: 2 });
    expect(two.info).toMatchObject({ simd: 128, threads: 2, warning: undefined });
    two.dispose();
    if (!wide) return;
    const packed = await openWasmBackend({ simd: "256" });
    expect(packed.info).toMatchObject({ simd: 256 });
    expect(packed.info.description).toMatch(/packed to 256 bits/);
    packed.dispose();
  });
});

describe("a thread that dies", () => {
  const graph = convGraph({ channels: 64, size: 96, depth: 30 });
  const x = images(1, 64, 96);

  test("in a run is that run's error, no hang, and the next run is as before", async () => {
    const session = await backend.prepare(graph, backend.createResident(), { maxBatch: 1 });
    const { data } = (await session.run(x)).get("y")!;
    const run = session.run(x);
    setTimeout(() => workerPool.kill(0), 5);
    await expect(run).rejects.toThrow(DeviceError);
    expect((await session.run(x)).get("y")!.data).toEqual(data);
    workerPool.kill(workerPool.size - 1); // between runs nobody notices
    expect((await session.run(x)).get("y")!.data).toEqual(data);
  });

  test("while a model is made ready is an error, and the next try works", async () => {
    const resident = backend.createResident();
    const preparing = backend.prepare(graph, resident, { maxBatch: 1 });
    setTimeout(() => workerPool.kill(0), 1);
    await expect(preparing).rejects.toThrow(DeviceError);
    const session = await backend.prepare(graph, resident, { maxBatch: 1 });
    expect((await session.run(x)).get("y")!.shape).toEqual([1, 64, 96, 96]);
  });

  test("while it asked for weights never hears the answer, nor does the one after it", async () => {
    const gates: (() => void)[] = [];
    const gated = (value: number): Graph => {
      const plain = convGraph({ depth: 1 });
      const read = async () => {
        await new Promise<void>((resolve) => gates.push(resolve));
        return new Float32Array(4 * 4 * 9).fill(value);
      };
      const nodes = plain.nodes.map((node) =>
        node.kind === "constant" ? { ...node, constant: { ...node.constant, read } } : node,
      );
      return { ...plain, nodes };
    };
    const alone = await openWasmBackend({ threads: 1 });
    const resident = alone.createResident();
    const first = alone.prepare(gated(666), resident, { maxBatch: 1 });
    await vi.waitFor(() => expect(gates.length).toBe(1), patience);
    workerPool.kill(0);
    await expect(first).rejects.toThrow(DeviceError);
    const second = alone.prepare(gated(2), resident, { maxBatch: 1 });
    await vi.waitFor(() => expect(gates.length).toBe(2), patience);
    gates[0]!();
    await new Promise((resolve) => setTimeout(resolve, 50));
    gates[1]!();
    const x: HostTensor = { shape: [1, 4, 6, 6], dtype: "float32", data: new Float32Array(144).fill(1) };
    expect(Math.max(...(await (await second).run(new Map([["x", x]]))).get("y")!.data)).toBe(2 * 4 * 9);
    alone.dispose();
  });

  test("with the model's memory, where that cannot be shared, says to open it anew", async () => {
    const alone = await openWasmBackend({ sharedMemory: false });
    const session = await alone.prepare(graph, alone.createResident(), { maxBatch: 1 });
    await session.run(x);
    workerPool.kill(0);
    await expect(session.run(x)).rejects.toThrow(/open the model anew/);
    alone.dispose();
  });
});

test("a backend that is disposed in a run ends it with an error, and nothing is left unhandled", async () => {
  const other = await openWasmBackend();
  backend.dispose(); // so that the other is the last that uses the threads
  const graph = convGraph({ channels: 64, size: 96, depth: 30 });
  const session = await other.prepare(graph, other.createResident(), { maxBatch: 1 });
  const run = session.run(images(1, 64, 96));
  await new Promise((resolve) => setTimeout(resolve, 5));
  other.dispose();
  await expect(run).rejects.toThrow(DeviceError);
  await vi.waitFor(() => expect(other.counters().liveBytes).toBe(0), patience);
  expect(() => other.createResident()).toThrow(/disposed/);
});

test("what is disposed while it is made ready is an error, and leaves no memory behind", async () => {
  // At every moment of the preparing that a timer can find.
  for (let milliseconds = 0; milliseconds < 12; milliseconds += 2) {
    const resident = backend.createResident();
    const preparing = backend.prepare(convGraph({ channels: 64, size: 32, depth: 6 }), resident, { maxBatch: 2 });
    preparing.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    resident.dispose();
    await preparing.then(
      (session) => expect(session.run(images(1, 64, 32))).rejects.toThrow(/disposed/), // it was ready before
      (error) => expect(error).toMatchObject({ message: expect.stringMatching(/disposed/) }),
    );
    await vi.waitFor(() => expect(backend.counters()).toMatchObject({ liveBuffers: 0, liveBytes: 0 }), patience);
  }
});

test("without shared memory an aborted run is an error when it ends, and the next run is as before", async () => {
  const alone = await openWasmBackend({ sharedMemory: false });
  const session = await alone.prepare(convGraph({ channels: 64, size: 96, depth: 30 }), alone.createResident(), {
    maxBatch: 1,
  });
  const { data } = (await session.run(images(1, 64, 96))).get("y")!;
  const abort = new AbortController();
  const run = session.run(images(1, 64, 96), { signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 2);
  await expect(run).rejects.toThrow("enough");
  expect((await session.run(images(1, 64, 96))).get("y")!.data).toEqual(data);
  alone.dispose();
});

test("a session that is disposed in a run stops it, and its memory is free when nobody writes to it any more", async () => {
  const session = await backend.prepare(convGraph({ channels: 64, size: 96, depth: 30 }), backend.createResident(), {
    maxBatch: 1,
  });
  const { liveBytes } = backend.counters();
  const run = session.run(images(1, 64, 96));
  await new Promise((resolve) => setTimeout(resolve, 5));
  session.dispose();
  await expect(run).rejects.toThrow(/disposed/);
  await vi.waitFor(() => expect(backend.counters().liveBytes).toBe(liveBytes - session.bytes), patience);
});
