/** What threads must not change, and what becomes of a run when one dies or what it runs on is disposed. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { whyNot256 } from "#platform";
import { chainImages, convChain } from "../../../test/support/conv-chain.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { DeviceError } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import { workerPool } from "../../platform/worker-pool.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { openWasmBackend, type WasmBackend, type WasmOptions } from "./wasm-backend.ts";

let backend: WasmBackend;
beforeEach(async () => {
  backend = await openWasmBackend();
});
afterEach(() => backend.dispose());

const images = (count: number, channels = 4, size = 6) => chainImages(0, count, { channels, size });

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
  const graph = convChain({ channels: 32, size: 29, depth: 3 });
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
  const graph = convChain({ channels: 64, size: 96, depth: 30 });
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
      const plain = convChain({ depth: 1 });
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
    await eventually(() => expect(gates.length).toBe(1));
    workerPool.kill(0);
    await expect(first).rejects.toThrow(DeviceError);
    const second = alone.prepare(gated(2), resident, { maxBatch: 1 });
    await eventually(() => expect(gates.length).toBe(2));
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
  const graph = convChain({ channels: 64, size: 96, depth: 30 });
  const session = await other.prepare(graph, other.createResident(), { maxBatch: 1 });
  const run = session.run(images(1, 64, 96));
  await new Promise((resolve) => setTimeout(resolve, 5));
  other.dispose();
  await expect(run).rejects.toThrow(DeviceError);
  await eventually(() => expect(other.counters().liveBytes).toBe(0));
  expect(() => other.createResident()).toThrow(/disposed/);
});

test("what is disposed while it is made ready is an error, and leaves no memory behind", async () => {
  // At every moment of the preparing that a timer can find.
  for (let milliseconds = 0; milliseconds < 12; milliseconds += 2) {
    const resident = backend.createResident();
    const preparing = backend.prepare(convChain({ channels: 64, size: 32, depth: 6 }), resident, { maxBatch: 2 });
    preparing.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    resident.dispose();
    await preparing.then(
      (session) => expect(session.run(images(1, 64, 32))).rejects.toThrow(/disposed/), // it was ready before
      (error) => expect(error).toMatchObject({ message: expect.stringMatching(/disposed/) }),
    );
    await eventually(() => expect(backend.counters()).toMatchObject({ liveBuffers: 0, liveBytes: 0 }));
  }
});

test("without shared memory an aborted run is an error when it ends, and the next run is as before", async () => {
  const alone = await openWasmBackend({ sharedMemory: false });
  const session = await alone.prepare(convChain({ channels: 64, size: 96, depth: 30 }), alone.createResident(), {
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
  const session = await backend.prepare(convChain({ channels: 64, size: 96, depth: 30 }), backend.createResident(), {
    maxBatch: 1,
  });
  const { liveBytes } = backend.counters();
  const run = session.run(images(1, 64, 96));
  await new Promise((resolve) => setTimeout(resolve, 5));
  session.dispose();
  await expect(run).rejects.toThrow(/disposed/);
  await eventually(() => expect(backend.counters().liveBytes).toBe(liveBytes - session.bytes));
});
