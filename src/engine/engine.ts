/**
 * An engine: one backend, opened, with the sessions that it prepared for eager graphs. Networks keep sessions of their own on it (model/).
 */
import type { BackendCounters, DeviceInfo, PrepareOptions, Resident, Session } from "../backends/backend.ts";
import { type BackendOptions, type DeviceChoice, type OpenedBackend, openBackend } from "../backends/select.ts";
import type { Graph } from "../graph/graph.ts";
import type { Constant, HostTensor } from "../tensor/host-tensor.ts";

/** Eager sessions are kept up to this many bytes of device memory, the least recently used going first. */
const sessionCacheBytes = 256 * 2 ** 20;

interface Prepared {
  readonly session: Session;
  readonly resident: Resident;
}

interface CachedSession {
  readonly prepared: Promise<Prepared>;
  /** The same, once it is there. */
  ready: Prepared | undefined;
  /** Calls that wait for the session or use it: it is not let go of below them. */
  users: number;
}

export class Engine {
  readonly info: DeviceInfo;
  /** Why `auto` took this device; undefined where it was named. */
  readonly reason: string | undefined;
  private readonly backend: OpenedBackend["backend"];
  private readonly cache = new Map<string, CachedSession>();
  private disposed = false;

  constructor(opened: OpenedBackend) {
    this.backend = opened.backend;
    this.info = opened.backend.info;
    this.reason = opened.reason;
    live.add(this);
  }

  /** Opens a backend. Throws OptionError for wrong options, DeviceError when the device cannot be had. */
  static async open(options: BackendOptions = {}): Promise<Engine> {
    return new Engine(await openBackend(options));
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
    return this.withSession(graph, (session) => session.run(inputs, { signal }));
  }

  /** What the device makes of an eager graph, as text: the device (and why `auto` took it), the graph after each pass, the plan. */
  async describe(graph: Graph): Promise<string> {
    const { device, description } = this.info;
    const why = this.reason === undefined ? "" : `; auto took it: ${this.reason}`;
    return this.withSession(graph, async (session) => `device: ${device} (${description})${why}\n\n${session.plan}`);
  }

  private async withSession<T>(graph: Graph, body: (session: Session) => Promise<T>): Promise<T> {
    const key = structureOf(graph);
    const entry = this.cache.get(key) ?? this.open(graph);
    this.cache.delete(key); // to the end: most recently used
    this.cache.set(key, entry);
    entry.users++;
    try {
      return await body((await entry.prepared).session);
    } finally {
      entry.users--;
      if (!entry.ready && this.cache.get(key) === entry) this.cache.delete(key); // it failed: the next call tries anew
      this.evict();
    }
  }

  private open(graph: Graph): CachedSession {
    const entry: CachedSession = { prepared: this.prepareEager(graph), ready: undefined, users: 0 };
    entry.prepared.then(
      (prepared) => {
        entry.ready = prepared;
      },
      () => undefined, // the error goes to those who wait
    );
    return entry;
  }

  private async prepareEager(graph: Graph): Promise<Prepared> {
    const resident = this.backend.createResident();
    try {
      return { session: await this.backend.prepare(graph, resident, { maxBatch: 1 }), resident };
    } catch (error) {
      resident.dispose();
      throw error;
    }
  }

  private evict(): void {
    let bytes = 0;
    for (const [key, { ready, users }] of [...this.cache].reverse()) {
      if (!ready) continue;
      bytes += ready.session.bytes + ready.resident.bytes;
      if (bytes <= sessionCacheBytes || users > 0) continue;
      this.cache.delete(key);
      ready.session.dispose();
      ready.resident.dispose();
    }
  }

  /** GFLOP/s of the device at its best, where it can be measured: WebAssembly's. */
  async measurePeak(): Promise<number | undefined> {
    return this.backend.measurePeak?.();
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
  const opening = Engine.open({ device });
  shared.set(device, opening);
  opening.catch(() => shared.delete(device));
  return opening;
}

/** Device memory held through this library. */
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
