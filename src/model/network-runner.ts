/**
 * A network on an engine: resident weights, and a session for each set of outputs that was asked for. A batch of another size compiles
 * and allocates nothing; only more images at once than ever before prepare a larger session.
 */
import type { Resident, Session } from "../backends/backend.ts";
import type { Engine } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { inputName, withOutputs } from "../nn/trace.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { Shape } from "../tensor/shape.ts";

interface Entry {
  readonly maxBatch: number;
  readonly session: Promise<Session>;
  /** Runs that are using the session; it is disposed when a larger one has taken its place and none is left. */
  users: number;
  replaced: boolean;
}

/** Sessions kept at once: each has activations of its own. */
const maxSessions = 4;

export class NetworkRunner {
  readonly graph: Graph;
  private readonly engine: Engine;
  private readonly resident: Resident;
  private readonly entries = new Map<string, Entry>();
  private readonly closeWeights: () => Promise<void>;
  private disposed = false;

  /** `closeWeights` is called at dispose: weights are read as sessions need them, until then. */
  constructor(engine: Engine, graph: Graph, closeWeights: () => Promise<void>) {
    this.engine = engine;
    this.graph = graph;
    this.resident = engine.createResident();
    this.closeWeights = closeWeights;
  }

  /** Shape of one image's input, [C, H, W]. */
  get imageShape(): Shape {
    return this.graph.nodes.find((node) => node.kind === "input")!.shape.slice(1);
  }

  /** Makes the session ready: kernels compiled, weights resident, buffers there for up to maxBatch images. */
  async prepare(outputs: readonly string[], maxBatch: number, signal?: AbortSignal): Promise<void> {
    const entry = await this.acquire(outputs, maxBatch, signal);
    this.release(entry);
  }

  /** Runs a batch of images, (B, C, H, W); the outputs by the names asked for, B first. */
  async run(batch: HostTensor, outputs: readonly string[], signal?: AbortSignal): Promise<Map<string, HostTensor>> {
    const entry = await this.acquire(outputs, batch.shape[0]!, signal);
    try {
      return await (await entry.session).run(new Map([[inputName, batch]]), { signal });
    } finally {
      this.release(entry);
    }
  }

  private async acquire(outputs: readonly string[], maxBatch: number, signal?: AbortSignal): Promise<Entry> {
    if (this.disposed) throw new OptionError("the model was used after dispose()");
    const key = [...new Set(outputs)].join("\n");
    let entry = this.entries.get(key);
    if (!entry || entry.maxBatch < maxBatch) {
      if (entry) this.retire(key, entry);
      const graph = withOutputs(this.graph, outputs);
      entry = {
        maxBatch,
        session: this.engine.prepare(graph, this.resident, { maxBatch, signal }),
        users: 0,
        replaced: false,
      };
    }
    this.entries.delete(key); // to the end: most recently used
    this.entries.set(key, entry);
    entry.users++;
    try {
      await entry.session;
    } catch (error) {
      entry.users--;
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
    for (const [old, other] of this.entries)
      if (this.entries.size > maxSessions && other.users === 0) this.retire(old, other);
    return entry;
  }

  private retire(key: string, entry: Entry): void {
    this.entries.delete(key);
    entry.replaced = true;
    if (entry.users === 0) disposeLater(entry.session);
  }

  private release(entry: Entry): void {
    entry.users--;
    if (entry.replaced && entry.users === 0) disposeLater(entry.session);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const [key, entry] of this.entries) this.retire(key, entry);
    this.resident.dispose();
    this.engine.dispose();
    void this.closeWeights();
  }
}

/** A session that never came to be has nothing to dispose; its error went to who asked for it. */
function disposeLater(session: Promise<Session>): void {
  session.then(
    (ready) => ready.dispose(),
    () => undefined,
  );
}
