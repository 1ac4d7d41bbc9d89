/** When sessions are made, shared and let go of: on a backend that only keeps count, whose preparing ends when the test says. */
import { describe, expect, it } from "vitest";
import type { Backend, PrepareOptions, Resident, Session } from "../backends/backend.ts";
import { Engine, memory } from "../engine/engine.ts";
import { Linear } from "../nn/layers.ts";
import { call, Module } from "../nn/module.ts";
import { trace } from "../nn/trace.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { NetworkRunner } from "./network-runner.ts";

class FakeSession implements Session {
  readonly plan = "";
  readonly bytes = 8;
  readonly maxBatch: number;
  disposed = false;
  constructor(maxBatch: number) {
    this.maxBatch = maxBatch;
  }
  async run(inputs: ReadonlyMap<string, HostTensor>): Promise<Map<string, HostTensor>> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.disposed) throw new Error("a session was run after dispose()");
    return new Map(inputs);
  }
  dispose(): void {
    this.disposed = true;
  }
}

class FakeBackend implements Backend {
  readonly info = { device: "reference", description: "keeps count" } as const;
  readonly sessions: FakeSession[] = [];
  readonly signals: AbortSignal[] = [];
  preparing = 0;
  mostAtOnce = 0;
  disposed = false;
  /** What prepare() awaits. */
  gate: Promise<unknown> = Promise.resolve();

  createResident(): Resident {
    return { bytes: 0, dispose: () => undefined };
  }
  async prepare(_graph: unknown, _resident: Resident, { maxBatch, signal }: PrepareOptions): Promise<Session> {
    this.signals.push(signal!);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.preparing);
    await this.gate;
    this.preparing--;
    if (this.disposed) throw new Error("prepared on a disposed backend");
    signal!.throwIfAborted();
    const session = new FakeSession(maxBatch);
    this.sessions.push(session);
    return session;
  }
  counters() {
    const liveBuffers = this.sessions.filter((session) => !session.disposed).length;
    return { compiled: this.sessions.length, allocated: this.sessions.length, liveBuffers, liveBytes: 8 * liveBuffers };
  }
  dispose(): void {
    this.disposed = true;
  }
}

class Chain extends Module {
  readonly a = new Linear(2, 2);
  readonly b = new Linear(2, 2);
  readonly c = new Linear(2, 2);
  readonly d = new Linear(2, 2);
  readonly e = new Linear(2, 2);
  override forward(x: Parameters<Linear["forward"]>[0]) {
    return [this.a, this.b, this.c, this.d, this.e].reduce((value, layer) => call(layer, value), x);
  }
}

const images = (count: number): HostTensor => ({
  ...{ shape: [count, 2], dtype: "float32" },
  data: new Float32Array(2 * count),
});

function open() {
  const backend = new FakeBackend();
  let closed = 0;
  const closeWeights = async () => void closed++;
  const runner = new NetworkRunner(new Engine({ backend }), trace(new Chain(), [2]), closeWeights);
  return { backend, runner, closed: () => closed };
}

/** A gate that opens when told. */
function gated(backend: FakeBackend): () => void {
  let open = () => {};
  backend.gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return open;
}

const liveOf = (backend: FakeBackend) => backend.counters().liveBuffers;

describe("sessions", () => {
  it("one serves every batch up to the largest so far, and a larger one takes its place", async () => {
    const { backend, runner } = open();
    for (const count of [3, 1, 2, 3]) await runner.run(images(count), ["a"]);
    expect(backend.sessions.length).toBe(1);
    await runner.run(images(8), ["a"]);
    await runner.run(images(2), ["a"]);
    expect(backend.sessions.map(({ maxBatch, disposed }) => [maxBatch, disposed])).toEqual([
      [3, true],
      [8, false],
    ]);
  });

  it("one that is replaced while it runs is let go of after the run", async () => {
    const { backend, runner } = open();
    await runner.prepare(["a"], 1);
    const small = runner.run(images(1), ["a"]);
    const large = runner.run(images(4), ["a"]);
    expect((await small).size + (await large).size).toBe(2);
    expect(backend.sessions.map(({ disposed }) => disposed)).toEqual([true, false]);
  });

  it("four sets of outputs are kept, the one unused for longest goes first", async () => {
    const { backend, runner } = open();
    for (const layer of ["a", "b", "c", "d", "a", "e"]) await runner.run(images(1), [layer]);
    expect(backend.sessions.map(({ disposed }) => disposed)).toEqual([false, true, false, false, false]);
  });

  it("are prepared one after another, and callers of the same outputs share one", async () => {
    const { backend, runner } = open();
    await Promise.all(["a", "a", "b", "c", "a"].map((layer) => runner.run(images(1), [layer])));
    expect(backend.sessions.length).toBe(3);
    expect(backend.mostAtOnce).toBe(1);
  });

  it("a failed preparation is tried again by the next caller", async () => {
    const { backend, runner } = open();
    backend.gate = Promise.reject(new Error("no memory"));
    await expect(runner.run(images(1), ["a"])).rejects.toThrow("no memory");
    backend.gate = Promise.resolve();
    backend.preparing = 0;
    await expect(runner.run(images(1), ["a"])).resolves.toBeDefined();
  });
});

describe("abort", () => {
  it("of one caller leaves the session to the others", async () => {
    const { backend, runner } = open();
    const release = gated(backend);
    const abort = new AbortController();
    const first = runner.run(images(1), ["a"], abort.signal);
    const second = runner.run(images(1), ["a"]);
    abort.abort(new Error("no longer wanted"));
    await expect(first).rejects.toThrow("no longer wanted");
    release();
    await expect(second).resolves.toBeDefined();
    expect(backend.sessions.length).toBe(1);
  });

  it("of the last caller stops the preparing and leaves nothing", async () => {
    const { backend, runner } = open();
    const release = gated(backend);
    const abort = new AbortController();
    const only = runner.run(images(1), ["a"], abort.signal);
    await new Promise((resolve) => setTimeout(resolve, 1));
    abort.abort(new Error("no longer wanted"));
    await expect(only).rejects.toThrow("no longer wanted");
    expect(backend.signals[0]!.aborted).toBe(true);
    release();
    await runner.run(images(1), ["a"]);
    expect(liveOf(backend)).toBe(1);
  });

  it("before the run runs nothing", async () => {
    const { backend, runner } = open();
    await expect(runner.run(images(1), ["a"], AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
    expect(backend.signals.length).toBe(0);
  });
});

describe("dispose", () => {
  it("frees sessions, device and weights at once where nothing runs; twice is no error", async () => {
    const { backend, runner, closed } = open();
    await runner.run(images(1), ["a"]);
    runner.dispose();
    runner.dispose();
    expect([liveOf(backend), backend.disposed, closed()]).toEqual([0, true, 1]);
    await expect(runner.run(images(1), ["a"])).rejects.toThrow("the model was used after dispose()");
    await expect(runner.prepare(["b"], 1)).rejects.toThrow("the model was used after dispose()");
  });

  it("lets a run that is under way end, and frees after it", async () => {
    const { backend, runner, closed } = open();
    const running = runner.run(images(1), ["a"]);
    runner.dispose();
    expect(backend.disposed).toBe(false);
    await expect(running).resolves.toBeDefined();
    expect([liveOf(backend), backend.disposed, closed()]).toEqual([0, true, 1]);
  });

  it("counts no longer in memory()", async () => {
    const before = memory().buffers;
    const { runner } = open();
    await runner.run(images(1), ["a"]);
    expect(memory().buffers).toBe(before + 1);
    runner.dispose();
    expect(memory().buffers).toBe(before);
  });
});

it("refuses an unknown output with the names near it, and goes on", async () => {
  const { runner } = open();
  await expect(runner.run(images(1), ["f"])).rejects.toThrow(
    /layer "f": the network has no node of that name; near it are x, a, b/,
  );
  await expect(runner.run(images(1), ["e"])).resolves.toBeDefined();
});
