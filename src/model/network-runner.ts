/**
 * A network on an engine: resident weights, and a session for each set of outputs that was asked for. A batch of another size compiles
 * and allocates nothing; only more images at once than ever before prepare a larger session.
 */
import type { PrepareOptions, Resident, RunOptions, Session } from "../backends/backend.ts";
import type { Engine } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { inputName, withOutputs } from "../nn/trace.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { untilAborted } from "../tensor/until-aborted.ts";

interface Entry {
  readonly maxBatch: number;
  readonly session: Promise<Session>;
  /** Stops the preparing, once nobody waits for the session any more. */
  readonly abort: AbortController;
  /** The session, once it is there. */
  ready: Session | undefined;
  /** Callers that wait for the session or use it. */
  users: number;
  /** No longer among the entries: disposed as soon as nobody uses it. */
  retired: boolean;
}

/** How kernels are chosen. */
export type CompileOptions = Pick<PrepareOptions, "optimizeFor" | "overrides">;

/** Sessions kept at once: each has activations of its own. */
const maxSessions = 4;

export class NetworkRunner {
  readonly graph: Graph;
  private readonly engine: Engine;
  private readonly resident: Resident;
  private readonly entries = new Map<string, Entry>();
  private readonly compile: CompileOptions;
  private readonly closeWeights: () => Promise<void>;
  /** Sessions are prepared one after another: they share the resident weights that each may add to. */
  private preparing: Promise<unknown> = Promise.resolve();
  /** Runs and preparations under way: the device is not freed below them. */
  private busy = 0;
  private disposed = false;
  private freed = false;

  /** `closeWeights` is called at dispose: weights are read as sessions need them, until then. */
  constructor(engine: Engine, graph: Graph, closeWeights: () => Promise<void>, compile: CompileOptions = {}) {
    this.engine = engine;
    this.compile = compile;
    this.graph = graph;
    this.resident = engine.createResident();
    this.closeWeights = closeWeights;
  }

  /** Makes the session ready: kernels compiled, weights resident, buffers there for up to maxBatch images. */
  async prepare(outputs: readonly string[], maxBatch: number, signal?: AbortSignal): Promise<void> {
    await this.withSession(outputs, maxBatch, signal, async () => undefined);
  }

  /** What the device makes of the network for these outputs, as text: the graph after each pass, and the steps. */
  plan(outputs: readonly string[]): Promise<string> {
    return this.withSession(outputs, 1, undefined, async (session) => session.plan);
  }

  /** Runs a batch of images, (B, C, H, W); the outputs by the names asked for, B first. */
  run(
    batch: HostTensor,
    outputs: readonly string[],
    signal?: AbortSignal,
    onTimes?: RunOptions["onTimes"],
  ): Promise<Map<string, HostTensor>> {
    return this.withSession(outputs, batch.shape[0]!, signal, (session) =>
      session.run(new Map([[inputName, batch]]), { signal, onTimes }),
    );
  }

  /** Keeps the device while `body` works towards a run: a dispose() in the meantime waits for it. Throws OptionError after one. */
  async hold<T>(body: () => Promise<T>): Promise<T> {
    if (this.disposed) throw usedAfterDispose();
    this.busy++;
    try {
      return await body();
    } finally {
      this.done();
    }
  }

  private async withSession<T>(
    outputs: readonly string[],
    maxBatch: number,
    signal: AbortSignal | undefined,
    body: (session: Session) => Promise<T>,
  ): Promise<T> {
    if (this.freed) throw usedAfterDispose();
    signal?.throwIfAborted();
    const key = JSON.stringify([...new Set(outputs)]);
    const entry = this.entryOf(key, outputs, maxBatch);
    entry.users++;
    this.busy++;
    try {
      const session = await untilAborted(entry.session, signal);
      this.retireUnused();
      return await body(session);
    } finally {
      entry.users--;
      if (entry.users === 0 && !entry.ready && this.entries.get(key) === entry) this.retire(key, entry);
      if (entry.users === 0 && entry.retired) discard(entry);
      this.done();
    }
  }

  /** The entry of a set of outputs for at least `maxBatch` images, most recently used now. Throws OptionError for an unknown output. */
  private entryOf(key: string, outputs: readonly string[], maxBatch: number): Entry {
    let entry = this.entries.get(key);
    if (!entry || entry.maxBatch < maxBatch) {
      const graph = withOutputs(this.graph, outputs);
      if (entry) this.retire(key, entry);
      entry = this.open(graph, maxBatch);
    }
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  private open(graph: Graph, maxBatch: number): Entry {
    const abort = new AbortController();
    const { signal } = abort;
    const session = this.preparing.then(() => {
      signal.throwIfAborted();
      return this.engine.prepare(graph, this.resident, { ...this.compile, maxBatch, signal });
    });
    const entry: Entry = { maxBatch, session, abort, ready: undefined, users: 0, retired: false };
    this.busy++;
    this.preparing = session.then(
      (ready) => {
        entry.ready = ready;
        if (entry.retired && entry.users === 0) discard(entry);
        this.done();
      },
      () => this.done(), // the error goes to those who wait for the session
    );
    return entry;
  }

  private retireUnused(): void {
    for (const [key, entry] of this.entries)
      if (this.entries.size > maxSessions && entry.users === 0) this.retire(key, entry);
  }

  private retire(key: string, entry: Entry): void {
    this.entries.delete(key);
    entry.retired = true;
    if (entry.users === 0) discard(entry);
  }

  /** What is under way ends as it would have; the device is freed after the last of them, at once where there is none. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    if (this.busy === 0) this.free();
  }

  private done(): void {
    this.busy--;
    if (this.disposed && this.busy === 0) this.free();
  }

  private free(): void {
    this.freed = true;
    for (const [key, entry] of this.entries) this.retire(key, entry);
    this.resident.dispose();
    this.engine.dispose();
    this.closeWeights().catch(() => undefined); // nothing is read any more; a file that cannot be closed costs nobody anything
  }
}

function usedAfterDispose(): OptionError {
  return new OptionError("the model was used after dispose()");
}

/** Disposes the session, or stops its being made; `open` comes back here for one that is made nevertheless. */
function discard(entry: Entry): void {
  entry.abort.abort(new Error("nobody waits for this session any more"));
  entry.ready?.dispose();
  entry.ready = undefined;
}
