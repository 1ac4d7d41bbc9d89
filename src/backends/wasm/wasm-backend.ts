/**
 * The WebAssembly backend: has graphs planned, their kernels emitted and compiled, and their weights packed by the worker threads of the
 * pool, and runs them there. One memory a backend: packed weights and the arenas of sessions. No mathematics here.
 *
 * Denormal numbers make x64 a hundred times slower and WebAssembly cannot flush them: weights are flushed as they are packed
 * (kernels/wasm/pack.ts); activations are not looked at.
 */
import { processors, whyNot256 } from "#platform";
import { DeviceError } from "../../errors.ts";
import { compileGraph, formatCompiled } from "../../graph/compile.ts";
import type { Graph, GraphNode } from "../../graph/graph.ts";
import type { WasmCapabilities } from "../../kernels/op.ts";
import { wasmTarget } from "../../kernels/target.ts";
import type { Moved } from "../../platform/worker-job.ts";
import { workerPool } from "../../platform/worker-pool.ts";
import { nextTurn } from "../../tensor/pacer.ts";
import type { Backend, BackendCounters, DeviceInfo, PrepareOptions, Resident, Session } from "../backend.ts";
import { checkMaxBatch } from "../session-inputs.ts";
import type { SimdChoice } from "../simd.ts";
import { callWasm, tellThreads } from "./wasm-calls.ts";
import { describeWasm, probeWasm } from "./wasm-capabilities.ts";
import { WasmHeap } from "./wasm-heap.ts";
import * as protocol from "./wasm-protocol.ts";
import { WasmResident } from "./wasm-resident.ts";
import { WasmSession } from "./wasm-session.ts";
import type { WideAnswer } from "./wasm-wide.ts";

export interface WasmOptions {
  /** Threads of the pool that run; as many as there are processors unless told. */
  readonly threads?: number;
  /**
   * Bits of vectors. `128`, unless told: what every engine has. `256`: V8's flags are set while kernels are compiled, so that it packs
   * pairs of vectors; DeviceError where that cannot be had. `auto`: 256 where it can be had and is faster.
   */
  readonly simd?: SimdChoice;
  /** For tests: plan for an engine that can do something else than this one, run without shared memory. */
  readonly capabilities?: Partial<Omit<WasmCapabilities, "threads">>;
  readonly sharedMemory?: boolean;
}

/** Opens WebAssembly. Throws OptionError for wrong options, DeviceError where what is asked for cannot be had. */
export async function openWasmBackend(options: WasmOptions = {}): Promise<WasmBackend> {
  const { threads = processors(), simd = "128" } = options;
  const found = probeWasm();
  const noSharing = options.sharedMemory === false ? "it was asked not to" : whyNotShared();
  const warning =
    noSharing !== undefined && threads > 1
      ? `WebAssembly runs on one thread: memory cannot be shared between threads (${noSharing})`
      : undefined;
  const used = noSharing === undefined ? threads : 1;
  workerPool.acquire(used);
  try {
    // They begin while the engine is probed; to start one takes some milliseconds.
    for (let thread = 0; thread < used; thread++) {
      callWasm(thread, "load", {}).catch(() => undefined);
      await nextTurn();
    }
    const wide = await chooseSimd(simd);
    const capabilities: WasmCapabilities = {
      ...{ ...found, simd: wide ? 256 : 128, ...options.capabilities, threads: used },
    };
    const flags = simd !== "128" || options.capabilities?.simd === 256;
    return new WasmBackend(capabilities, { shared: noSharing === undefined, flags, warning });
  } catch (error) {
    workerPool.release();
    throw error;
  }
}

/** Why threads cannot share a memory; undefined where they can. */
function whyNotShared(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined" || globalThis.crossOriginIsolated === false)
    return "the page is not cross-origin isolated: its server must send Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy";
  return undefined;
}

let measured: Promise<WideAnswer> | undefined;

async function measureOnce(): Promise<WideAnswer> {
  const never = whyNot256();
  if (never !== undefined) return { wide: false, reason: never };
  measured ??= callWasm(0, "probe", {});
  measured.catch(() => {
    measured = undefined; // the thread died: the next who asks tries again
  });
  return measured;
}

/** Whether to compile for 256 bits. */
async function chooseSimd(simd: SimdChoice): Promise<boolean> {
  if (simd === "128") return false;
  const { wide, reason } = await measureOnce();
  if (simd === "256" && !wide)
    throw new DeviceError(`device "wasm": simd 256 cannot be had: ${reason}; use 128, or auto`);
  return wide;
}

let backends = 0;
let sessions = 0;

export class WasmBackend implements Backend {
  readonly info: DeviceInfo;
  readonly capabilities: WasmCapabilities;
  readonly #id = ++backends;
  readonly #heap: WasmHeap;
  /** Whether the engine's flags may be set while kernels are compiled. */
  readonly #flags: boolean;
  readonly #residents = new Set<WasmResident>();
  /** What each thread's memory is: the generation of its worker, and pages. */
  readonly #given: { generation: number; pages: number }[] = [];
  #compiled = 0;
  #disposed = false;

  /** Takes a part in the pool that was acquired for it. */
  constructor(
    capabilities: WasmCapabilities,
    options: { readonly shared: boolean; readonly flags: boolean; readonly warning?: string },
  ) {
    this.capabilities = capabilities;
    this.#flags = options.flags;
    this.#heap = new WasmHeap(options);
    const { simd, threads } = capabilities;
    this.info = { device: "wasm", description: describeWasm(capabilities), simd, threads, warning: options.warning };
  }

  createResident(): Resident {
    this.#throwIfDisposed();
    const resident = new WasmResident(this.#heap, (disposed) => this.#residents.delete(disposed));
    this.#residents.add(resident);
    return resident;
  }

  async prepare(graph: Graph, resident: Resident, options: PrepareOptions): Promise<Session> {
    if (!(resident instanceof WasmResident)) throw new Error("the resident weights are another backend's");
    resident.throwIfDisposed();
    if (!this.#residents.has(resident)) throw new Error("the resident weights are another backend's");
    const { maxBatch, overrides, optimizeFor = "latency", signal } = options;
    checkMaxBatch(maxBatch);
    const id = ++sessions;
    const { threads } = this.capabilities;
    const shared = this.#heap.memory !== undefined;
    const flags = this.#flags;
    const request: Omit<protocol.PlanRequest, "compile"> = {
      ...{ session: id, graph: withoutReads(graph), capabilities: this.capabilities, optimizeFor, overrides },
      ...{ maxBatch, shared, flags },
    };
    try {
      const [planned] = await allOrFirstError(threads, async (thread) => {
        for (let turn = 0; turn < thread; turn++) await nextTurn(); // a large graph is copied for some milliseconds
        return callWasm(thread, "plan", { ...request, compile: thread === 0 });
      });
      if (planned!.compiled) this.#compiled++;
      this.#heap.refuseBeyond(
        protocol.arenaBytes(planned!, maxBatch, threads),
        `a session for batches up to ${maxBatch}`,
      );
      signal?.throwIfAborted();
      await resident.pack(planned!.weights, {
        ...{ threads, signal },
        grown: async () => {
          for (let thread = 0; thread < threads; thread++) await this.#giveMemory(thread);
        },
        pack: (thread, key, address) => this.#pack(graph, thread, { session: id, key, backend: this.#id, address }),
      });
      signal?.throwIfAborted();
      resident.throwIfDisposed();
      const describe = (): string =>
        formatCompiled(compileGraph(graph, wasmTarget(this.capabilities, optimizeFor), { overrides }));
      const session = new WasmSession({
        ...{ id, backend: this.#id, planned: planned!, describe, resident, heap: this.#heap, threads, maxBatch },
        giveMemory: (thread) => this.#giveMemory(thread),
      });
      try {
        await session.open();
        resident.throwIfDisposed();
      } catch (error) {
        session.dispose();
        throw error;
      }
      return session;
    } catch (error) {
      tellThreads(threads, "close", { session: id });
      throw error;
    }
  }

  /** Has a weight packed; its constants are read here, when the thread asks for them. */
  async #pack(graph: Graph, thread: number, request: protocol.PackRequest): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const answer = async (question: unknown): Promise<Moved> => {
      try {
        const { constant: id } = question as protocol.ConstantQuestion;
        const node = graph.nodes.find((candidate) => candidate.id === id);
        if (node?.kind !== "constant") throw new Error(`there is no constant ${id}`);
        const read = await node.constant.read();
        const value = node.constant.fresh ? read : read.slice(); // a view may show a small part of a large buffer of the caller's
        return { value, transfer: [value.buffer as ArrayBuffer] };
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    try {
      await callWasm(thread, "pack", request, { answer });
    } catch (error) {
      throw failure ? failure.error : error; // the error itself, not what crossed threads
    }
  }

  async #giveMemory(thread: number): Promise<void> {
    this.#throwIfDisposed();
    const { memory, pages } = this.#heap;
    const given = this.#given[thread];
    const generation = workerPool.generation(thread);
    const known = given !== undefined && given.generation === generation;
    if (known && (memory !== undefined || given.pages === pages)) return;
    if (given && !known && memory === undefined)
      throw new DeviceError('device "wasm": the thread that held the model ended; open the model anew');
    await callWasm(thread, "memory", { backend: this.#id, memory, pages });
    this.#given[thread] = { generation, pages };
  }

  async measurePeak(): Promise<number> {
    const { capabilities } = this;
    const peaks = await allOrFirstError(capabilities.threads, (thread) =>
      callWasm(thread, "peak", { capabilities, flags: this.#flags }),
    );
    // Of all together: threads that share a core do not each have all of it.
    const time = Math.max(...peaks.map(({ end }) => end)) - Math.min(...peaks.map(({ start }) => start));
    return peaks.reduce((sum, { flops }) => sum + flops, 0) / time / 1e6;
  }

  counters(): BackendCounters {
    const { allocated, liveBlocks, liveBytes } = this.#heap;
    return { compiled: this.#compiled, allocated, liveBuffers: liveBlocks, liveBytes };
  }

  /** Runs under way are stopped. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const resident of [...this.#residents]) resident.dispose();
    tellThreads(this.capabilities.threads, "forget", { backend: this.#id });
    workerPool.release();
  }

  #throwIfDisposed(): void {
    if (this.#disposed) throw new DeviceError('device "wasm": it was disposed');
  }
}

/** What each thread gives. Where one fails, its error, once all have ended: what they were sent before is behind them then. */
async function allOrFirstError<T>(threads: number, call: (thread: number) => Promise<T>): Promise<T[]> {
  const ends = await Promise.allSettled(Array.from({ length: threads }, (_, thread) => call(thread)));
  return ends.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}

/** The graph as another thread may have it: constants by their nodes' ids alone. */
function withoutReads(graph: Graph): Graph {
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.kind !== "constant") return node;
    const { shape, dtype } = node.constant;
    // A function cannot be cloned; the worker puts its own in (wasm-job.ts).
    return { ...node, constant: { shape, dtype } as typeof node.constant };
  });
  const { outputs, aliases } = graph;
  return { nodes, outputs, aliases };
}
