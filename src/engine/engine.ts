/**
 * An engine: one backend, opened, with the sessions that it prepared for eager graphs. Networks keep sessions of their own on it (model/).
 */
import type { BackendCounters, DeviceInfo, PrepareOptions, Resident, Session } from "../backends/backend.ts";
import { type DeviceChoice, type OpenedBackend, openBackend } from "../backends/select.ts";
import type { Graph } from "../graph/graph.ts";
import type { Constant, HostTensor } from "../tensor/host-tensor.ts";

/** Eager sessions are kept up to this many bytes of device memory, the least recently used going first. */
const sessionCacheBytes = 256 * 2 ** 20;

interface CachedSession {
  readonly session: Session;
  readonly resident: Resident;
  running: number;
}

export class Engine {
  readonly info: DeviceInfo;
  /** Why `auto` took this device; undefined where it was named. */
  readonly reason: string | undefined;
  private readonly backend: OpenedBackend["backend"];
  private readonly cache = new Map<string, Promise<CachedSession>>();
  private disposed = false;

  constructor(opened: OpenedBackend) {
    this.backend = opened.backend;
    this.info = opened.backend.info;
    this.reason = opened.reason;
    live.add(this);
  }

  /** Opens a backend. Throws OptionError for an unknown name, DeviceError when the device cannot be had. */
  static async open(device: DeviceChoice = "auto"): Promise<Engine> {
    return new Engine(await openBackend({ device }));
  }

  createResident(): Resident {
    return this.backend.createResident();
  }

  prepare(graph: Graph, resident: Resident, options: PrepareOptions): Promise<Session> {
    return this.backend.prepare(graph, resident, options);
  }

  /** Runs an eager graph on a session for graphs of its structure. */
  async evaluate(
    graph: Graph,
    inputs: ReadonlyMap<string, HostTensor>,
    signal?: AbortSignal,
  ): Promise<Map<string, HostTensor>> {
    const cached = await this.cached(graph);
    cached.running++;
    try {
      return await cached.session.run(inputs, { signal });
    } finally {
      cached.running--;
      await this.evict();
    }
  }

  /** What the device makes of an eager graph, as text: the graph after each pass, and the plan. */
  async describe(graph: Graph): Promise<string> {
    const { session } = await this.cached(graph);
    return session.plan;
  }

  private cached(graph: Graph): Promise<CachedSession> {
    const key = structureOf(graph);
    const known = this.cache.get(key);
    const entry = known ?? this.open(graph);
    this.cache.delete(key); // to the end: most recently used
    this.cache.set(key, entry);
    entry.catch(() => this.cache.delete(key));
    return entry;
  }

  private async open(graph: Graph): Promise<CachedSession> {
    const resident = this.backend.createResident();
    try {
      return { session: await this.backend.prepare(graph, resident, { maxBatch: 1 }), resident, running: 0 };
    } catch (error) {
      resident.dispose();
      throw error;
    }
  }

  private async evict(): Promise<void> {
    let bytes = 0;
    for (const [key, entry] of [...this.cache].reverse()) {
      const cached = await entry.catch(() => undefined);
      if (!cached) continue;
      bytes += cached.session.bytes + cached.resident.bytes;
      if (bytes <= sessionCacheBytes || cached.running > 0) continue;
      this.cache.delete(key);
      cached.session.dispose();
      cached.resident.dispose();
    }
  }

  counters(): BackendCounters {
    return this.backend.counters();
  }

  /** Frees the device's memory; everything that was prepared on this engine is unusable afterwards. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.cache.clear();
    this.backend.dispose();
    live.delete(this);
  }
}

const live = new Set<Engine>();
const shared = new Map<DeviceChoice, Promise<Engine>>();

/** The engine that eager tensors of a device share; opened at its first use. */
export function sharedEngine(device: DeviceChoice): Promise<Engine> {
  const known = shared.get(device);
  if (known) return known;
  const opening = Engine.open(device);
  shared.set(device, opening);
  opening.catch(() => shared.delete(device));
  return opening;
}

export interface MemoryReport {
  /** Live device buffers of all engines, and their bytes: weights, activations, sessions kept for eager graphs. */
  readonly buffers: number;
  readonly bytes: number;
}

/** What this process holds in device memory through this library. */
export function memory(): MemoryReport {
  let buffers = 0;
  let bytes = 0;
  for (const engine of live) {
    const counters = engine.counters();
    buffers += counters.liveBuffers;
    bytes += counters.liveBytes;
  }
  return { buffers, bytes };
}

/** Frees the engines that eager tensors share, with their sessions; the next `data()` opens anew. */
export async function disposeEngines(): Promise<void> {
  const engines = [...shared.values()];
  shared.clear();
  for (const engine of engines) (await engine.catch(() => undefined))?.dispose();
}

const constantIds = new WeakMap<Constant, number>();
let nextConstantId = 0;

/** Equal for graphs that one session can serve: the same nodes on the same constants. */
function structureOf(graph: Graph): string {
  const nodes = graph.nodes.map((node) => {
    if (node.kind === "constant") {
      const id = constantIds.get(node.constant) ?? nextConstantId++;
      constantIds.set(node.constant, id);
      return [node.name, node.shape, id];
    }
    return node.kind === "input" ? [node.name, node.shape] : [node.name, node.op, node.attrs, node.inputs, node.shape];
  });
  return JSON.stringify([nodes, graph.outputs]);
}
