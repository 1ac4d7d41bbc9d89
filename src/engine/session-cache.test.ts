/** Which eager sessions an engine keeps: on a backend whose sessions claim to be large, and whose preparing ends when the test says. */
import { describe, expect, it } from "vitest";
import type { Backend, Resident, Session } from "../backends/backend.ts";
import type { Graph } from "../graph/graph.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { buildGraph } from "./build-graph.ts";
import { Engine } from "./engine.ts";
import { relu } from "./functions.ts";
import { tensor } from "./tensor.ts";

/** More than half of what an engine keeps: two do not fit. */
const large = 200 * 2 ** 20;

class LargeSession implements Session {
  readonly plan = "a plan";
  readonly bytes = large;
  disposed = false;
  async run(): Promise<Map<string, HostTensor>> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.disposed) throw new Error("a session was disposed below its run");
    return new Map();
  }
  dispose(): void {
    this.disposed = true;
  }
}

class LargeBackend implements Backend {
  readonly info = { device: "reference", description: "claims to be large" } as const;
  readonly sessions: LargeSession[] = [];
  /** What the next prepare() awaits. */
  gate: Promise<unknown> = Promise.resolve();

  createResident(): Resident {
    return { bytes: 0, dispose: () => undefined };
  }
  async prepare(): Promise<Session> {
    await this.gate;
    const session = new LargeSession();
    this.sessions.push(session);
    return session;
  }
  counters() {
    return { compiled: 0, allocated: 0, liveBuffers: 0, liveBytes: 0 };
  }
  dispose(): void {}
}

function open(): { backend: LargeBackend; engine: Engine } {
  const backend = new LargeBackend();
  return { backend, engine: new Engine({ backend }) };
}

/** Graphs of other lengths have sessions of their own. */
const graphOf = (length: number): Graph => buildGraph([relu(tensor(new Float32Array(length)))], { leaves: "inputs" });
const run = (engine: Engine, length: number) => engine.evaluate(graphOf(length), new Map());

describe("an engine's eager sessions", () => {
  it("are kept for graphs of their structure, the least recently used going where they are too large together", async () => {
    const { backend, engine } = open();
    await run(engine, 1);
    await run(engine, 1);
    expect(backend.sessions.map((session) => session.disposed)).toEqual([false]);
    await run(engine, 2);
    expect(backend.sessions.map((session) => session.disposed)).toEqual([true, false]);
  });

  it("are not disposed below those who are about to run them", async () => {
    const { backend, engine } = open();
    await run(engine, 1);
    // Each ends while the others wait for their sessions or run, and looks for what can go.
    await Promise.all([run(engine, 1), run(engine, 2), run(engine, 1), run(engine, 3), run(engine, 2)]);
    expect(backend.sessions.filter((session) => !session.disposed)).toHaveLength(1);
  });

  it("do not make those wait who need another one", async () => {
    const { backend, engine } = open();
    await run(engine, 1);
    let release = (): void => undefined;
    backend.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = run(engine, 2);
    await run(engine, 1); // ends before the other is prepared, or this test never does
    release();
    await slow;
  });

  it("are prepared anew after a failure, which everyone who waited is told", async () => {
    const { backend, engine } = open();
    backend.gate = Promise.reject(new Error("no device"));
    const both = await Promise.allSettled([run(engine, 1), engine.describe(graphOf(1))]);
    expect(both.map((one) => one.status === "rejected" && String(one.reason))).toEqual([
      "Error: no device",
      "Error: no device",
    ]);
    backend.gate = Promise.resolve();
    expect(await engine.describe(graphOf(1))).toMatch(/\n\na plan$/);
  });
});
