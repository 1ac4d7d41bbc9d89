/** The WebGPU backend's machinery: sharing, counting, parts of a batch, order, ends. That its kernels are right is variants.test.ts's business. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { expectSameBits } from "../../../test/support/compare.ts";
import { type ConvChain, chainImages, convChain } from "../../../test/support/conv-chain.ts";
import { DeviceError, ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import type { Session } from "../backend.ts";
import { openWebGpuBackend, type WebGpuBackend, type WebGpuOptions } from "./webgpu-backend.ts";

const opened: WebGpuBackend[] = [];

async function open(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const backend = await openWebGpuBackend(options);
  opened.push(backend);
  return backend;
}

afterEach(() => {
  for (const backend of opened.splice(0)) backend.dispose();
});

function prepare(backend: WebGpuBackend, graph: Graph, maxBatch = 8): Promise<Session> {
  return backend.prepare(graph, backend.createResident(), { maxBatch });
}

async function output(session: Session, inputs: Map<string, HostTensor>, signal?: AbortSignal): Promise<Float32Array> {
  return (await session.run(inputs, { signal })).get("y")!.data;
}

/** What `count` images from `first` on give, by a session without limits. */
async function expectedOf(chain: ConvChain, first: number, count: number): Promise<Float32Array> {
  const backend = await open();
  return output(await prepare(backend, convChain(chain)), chainImages(first, count, chain));
}

/** The chain with the output of each of its convolutions. */
function tapped(chain: ConvChain & { depth: number }): Graph {
  const taps = Array.from({ length: chain.depth - 1 }, (_, i) => ({ name: `tap ${i}`, node: 2 * i + 2 }));
  const graph = convChain(chain);
  return { ...graph, outputs: [...taps, ...graph.outputs] };
}

describe("weights", () => {
  test("are read once, one after another, and serve every session of a model", async () => {
    const reads: string[] = [];
    const backend = await open();
    const resident = backend.createResident();
    const graph = convChain({ onRead: (name) => reads.push(name) });
    const options = { maxBatch: 1 };
    await Promise.all([backend.prepare(graph, resident, options), backend.prepare(graph, resident, options)]);
    const { bytes } = resident;
    await backend.prepare(graph, resident, options);
    expect(reads).toEqual(["net.0.weight", "net.1.weight"]);
    expect(resident.bytes).toBe(bytes);
  });

  test("belong to the backend that they were made for", async () => {
    const [one, other] = [await open(), await open()];
    const prepared = one.prepare(convChain(), other.createResident(), { maxBatch: 1 });
    await expect(prepared).rejects.toThrow("another backend's");
  });

  test("that do not fit are refused by name, with the numbers", async () => {
    const backend = await open({ maxBufferBytes: 1000 });
    const prepared = prepare(backend, convChain({ size: 1, channels: 8 }));
    await expect(prepared).rejects.toThrow(DeviceError);
    await expect(prepared).rejects.toThrow(/net\.0\.weight.*needs a buffer of \d+ bytes; the device allows 1000 bytes/);
  });
});

describe("a batch", () => {
  test("of another size compiles nothing and allocates nothing", async () => {
    const backend = await open();
    const session = await prepare(backend, convChain());
    const eight = await output(session, chainImages(0, 8));
    const counters = backend.counters();
    expect(counters.compiled).toBeGreaterThan(0);
    expect(counters.liveBytes).toBeGreaterThan(0);
    for (const [first, count] of [
      [0, 1],
      [3, 5],
      [0, 8],
    ] as const) {
      const size = eight.length / 8;
      const expected = eight.subarray(first * size, (first + count) * size);
      expectSameBits(`${count} of 8`, await output(session, chainImages(first, count)), expected);
    }
    expect(backend.counters()).toEqual(counters);
  });

  test("that does not fit the device's buffers goes in parts, with the same bits", async () => {
    const chain = { channels: 4, size: 20 };
    const imageBytes = 4 * 4 * 20 * 20;
    const backend = await open({ maxBufferBytes: 3 * imageBytes + 4 });
    const session = await prepare(backend, convChain(chain)); // 8 images: 3, 3 and 2
    expect(session.bytes).toBeLessThanOrEqual(2 * 3 * imageBytes + 64);
    expectSameBits("8 images in parts", await output(session, chainImages(0, 8, chain)), await expectedOf(chain, 0, 8));
    expectSameBits("4 images in parts", await output(session, chainImages(2, 4, chain)), await expectedOf(chain, 2, 4));
  });

  test("whose outputs together do not fit one buffer goes in parts, with the same bits", async () => {
    const chain = { channels: 4, size: 20, depth: 3 };
    const graph = tapped(chain);
    const imageBytes = 4 * 4 * 20 * 20;
    const names = graph.outputs.map(({ name }) => name);
    const inputs = chainImages(0, 5, chain);
    const whole = await (await prepare(await open(), graph)).run(inputs);
    const session = await prepare(await open({ maxBufferBytes: 7 * imageBytes }), graph); // 3 outputs: 2, 2 and 1 images
    const parts = await session.run(inputs);
    expect(names).toEqual(["tap 0", "tap 1", "y"]);
    for (const name of names) expectSameBits(`${name} in parts`, parts.get(name)!.data, whole.get(name)!.data);
    const refused = prepare(await open({ maxBufferBytes: 2 * imageBytes }), graph);
    await expect(refused).rejects.toThrow(DeviceError);
    await expect(refused).rejects.toThrow("3 outputs together need a buffer of 19200 bytes, already for one image");
  });

  test("of images too large for the device is refused with the numbers", async () => {
    const backend = await open({ maxBufferBytes: 6000 });
    const prepared = prepare(backend, convChain({ channels: 4, size: 20 }));
    await expect(prepared).rejects.toThrow(DeviceError);
    await expect(prepared).rejects.toThrow(/one image needs a buffer of 6400 bytes; the device allows 6000 bytes/);
    expect(backend.counters().allocated).toBe(0);
  });

  test("of a wrong shape or size is refused", async () => {
    const session = await prepare(await open(), convChain(), 2);
    await expect(session.run(chainImages(0, 3))).rejects.toThrow(ShapeError);
    await expect(session.run(new Map())).rejects.toThrow(ShapeError);
  });
});

describe("outputs", () => {
  test("are the caller's own, and may be inputs and weights", async () => {
    const chain = convChain({ depth: 1 });
    const graph: Graph = {
      ...chain,
      outputs: [...chain.outputs, { name: "same", node: 0 }, { name: "weight", node: 1 }],
    };
    const session = await prepare(await open(), graph);
    const inputs = chainImages(0, 2);
    const first = await session.run(inputs);
    const copy = first.get("y")!.data.slice();
    expect(first.get("same")!.data).toEqual(inputs.get("x")!.data);
    expect(first.get("weight")!.shape).toEqual([4, 4, 3, 3]);
    expect(first.get("weight")!.data).toEqual(await constantOf(chain, 1));
    await session.run(chainImages(5, 2));
    expect(first.get("y")!.data).toEqual(copy);
  });

  async function constantOf(graph: Graph, id: number) {
    const node = graph.nodes.find((candidate) => candidate.id === id);
    return node?.kind === "constant" ? node.constant.read() : undefined;
  }
});

describe("runs", () => {
  test("asked for at once go one after another", async () => {
    const session = await prepare(await open(), convChain());
    const outputs = await Promise.all([0, 1, 2, 3].map((first) => output(session, chainImages(first, 1))));
    for (const [first, actual] of outputs.entries())
      expectSameBits(`image ${first}`, actual, await output(session, chainImages(first, 1)));
  });

  test("of an aborted signal do not begin", async () => {
    const session = await prepare(await open(), convChain());
    await expect(session.run(chainImages(0, 1), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  test("end at once when their signal is aborted, and the next run is right", async () => {
    const chain = { channels: 32, size: 28, depth: 8 };
    const backend = await open({ maxBufferBytes: 4 * 32 * 28 * 28 }); // every image a part of its own
    const session = await prepare(backend, convChain(chain));
    const expected = await output(session, chainImages(3, 1, chain));
    const abort = new AbortController();
    const reason = new Error("enough");
    const run = session.run(chainImages(0, 8, chain), { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 5);
    await expect(run).rejects.toBe(reason);
    expectSameBits("the next run", await output(session, chainImages(3, 1, chain)), expected);
  });
});

describe("a session that cannot be made leaves nothing", () => {
  test("where the device refuses its bindings", async () => {
    const backend = await open();
    const resident = backend.createResident();
    const fault = new Error("no bindings");
    vi.spyOn(backend.gpu.device, "createBindGroup").mockImplementationOnce(() => {
      throw fault;
    });
    await expect(backend.prepare(convChain(), resident, { maxBatch: 8 })).rejects.toBe(fault);
    expect(backend.counters().liveBytes).toBe(resident.bytes);
  });

  test("where its weights were disposed meanwhile, which is a DeviceError", async () => {
    const backend = await open();
    const resident = backend.createResident();
    const createBuffers = backend.gpu.createBuffers.bind(backend.gpu);
    vi.spyOn(backend.gpu, "createBuffers").mockImplementation(async (requests) => {
      const buffers = await createBuffers(requests);
      if (requests.some(({ what }) => what === "outputs")) resident.dispose();
      return buffers;
    });
    const prepared = backend.prepare(convChain(), resident, { maxBatch: 8 });
    await expect(prepared).rejects.toThrow(new DeviceError('device "webgpu": the weights were disposed'));
    expect(backend.counters()).toMatchObject({ liveBuffers: 0, liveBytes: 0 });
  });
});

describe("the end", () => {
  test("of a session gives its buffers back, and it runs no more", async () => {
    const backend = await open();
    const resident = backend.createResident();
    const session = await backend.prepare(convChain(), resident, { maxBatch: 8 });
    expect(backend.counters().liveBytes).toBeGreaterThan(resident.bytes);
    session.dispose();
    session.dispose();
    expect(backend.counters().liveBytes).toBe(resident.bytes);
    await expect(session.run(chainImages(0, 1))).rejects.toThrow("the session was disposed");
    resident.dispose();
    expect(backend.counters()).toMatchObject({ liveBuffers: 0, liveBytes: 0 });
  });

  test.each([0, 3])(
    "of a session while it runs ends the run, after %i others, and the device goes on",
    async (others) => {
      const chain = { channels: 32, size: 28, depth: 4 };
      const backend = await open();
      const session = await prepare(backend, convChain(chain));
      for (let i = 0; i < others; i++) await session.run(chainImages(0, 2, chain)); // it learns how long to sleep
      const run = session.run(chainImages(0, 2, chain));
      const refused = expect(run).rejects.toThrow("the session was disposed");
      setTimeout(() => session.dispose(), 1);
      await refused;
      const next = await prepare(backend, convChain());
      expect((await output(next, chainImages(0, 1))).some((value) => value > 0)).toBe(true);
    },
  );

  test("of the weights ends their sessions", async () => {
    const backend = await open();
    const resident = backend.createResident();
    const session = await backend.prepare(convChain(), resident, { maxBatch: 8 });
    resident.dispose();
    await expect(session.run(chainImages(0, 1))).rejects.toThrow(DeviceError);
  });
});

describe("a device that fails", () => {
  let backend: WebGpuBackend;
  let session: Session;
  const chain = { channels: 32, size: 28, depth: 8 };
  beforeEach(async () => {
    backend = await open();
    session = await prepare(backend, convChain(chain));
  });

  test("by being lost ends the run in progress and all later work with a DeviceError", async () => {
    const run = session.run(chainImages(0, 8, chain));
    const lost = expect(run).rejects.toThrow(DeviceError);
    setTimeout(() => backend.gpu.device.destroy(), 5);
    await lost;
    await expect(run).rejects.toThrow(/device "webgpu" \(.+\): the device was lost \(destroyed/);
    await expect(session.run(chainImages(0, 1, chain))).rejects.toThrow("the device was lost");
    await expect(prepare(backend, convChain())).rejects.toThrow("the device was lost");
  });

  test("by an error that nobody caught ends the run in progress and all later work with a DeviceError", async () => {
    const run = session.run(chainImages(0, 8, chain));
    const failed = expect(run).rejects.toThrow(DeviceError);
    backend.gpu.device.createBuffer({ label: "a fault of ours", size: 16, usage: 0 }); // no usage: not allowed
    await failed;
    await expect(session.run(chainImages(0, 1, chain))).rejects.toThrow(/usage/i);
  });
});
