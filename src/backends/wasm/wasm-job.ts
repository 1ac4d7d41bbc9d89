/**
 * The WebAssembly backend's half in the worker threads: plans graphs, emits and compiles their kernels, packs weights into the model's
 * memory, and runs its share of every stage. It holds what it was sent, by number, until it is told to forget it.
 */
import { compileWasm } from "#platform";
import { DeviceError } from "../../errors.ts";
import { compileGraph } from "../../graph/compile.ts";
import type { Graph, GraphNode } from "../../graph/graph.ts";
import type { Plan, PlannedWeight } from "../../graph/plan.ts";
import type { WasmStage } from "../../kernels/op.ts";
import { opOf } from "../../kernels/table.ts";
import { wasmTarget } from "../../kernels/target.ts";
import type { Job, JobContext, Moved } from "../../platform/worker-job.ts";
import type { FloatArray } from "../../tensor/dtype.ts";
import { freeArray } from "../../tensor/free-array.ts";
import type { WasmCalls } from "./wasm-calls.ts";
import { type SharedStage, WasmControl } from "./wasm-control.ts";
import { emitModule, ModuleCache } from "./wasm-module.ts";
import { measurePeak } from "./wasm-peak.ts";
import type * as protocol from "./wasm-protocol.ts";
import { arenaBytes } from "./wasm-protocol.ts";
import { measureWide } from "./wasm-wide.ts";

/** What is planned and not yet open: what its weights are made of. */
interface Planned {
  readonly weights: ReadonlyMap<string, PlannedWeight>;
  /** Who is asked for the numbers of constants: the call under way. */
  ask: JobContext["ask"];
}

interface OpenSession {
  readonly backend: number;
  readonly control: WasmControl;
  readonly threads: number;
  /** The stages of a run of so many images. */
  readonly stages: (batch: number) => SharedStage[];
}

const modules = new ModuleCache();
const memories = new Map<number, WebAssembly.Memory>();
const planned = new Map<number, Planned>();
const sessions = new Map<number, OpenSession>();

export const wasmJob = {
  /** Nothing: to have the thread begun and this module loaded while the caller does something else. */
  load: () => undefined,

  /** Compares this engine's 256 bits with its 128. */
  probe: () => measureWide(),

  /** Multiplies and adds for a while. */
  peak: ({ capabilities, flags }: protocol.PeakRequest) => measurePeak(capabilities, flags),

  /** The memory of a backend: the shared one, or one of this worker's own, grown to what is asked for. */
  memory({ backend, memory, pages }: protocol.MemoryRequest): void {
    const own = memory ?? memories.get(backend) ?? makeMemory(pages);
    memories.set(backend, own);
    const missing = pages - own.buffer.byteLength / 65536;
    if (memory === undefined && missing > 0) grow(own, missing);
  },

  plan(request: protocol.PlanRequest, { ask }: JobContext): protocol.PlannedSession | undefined {
    const { session, capabilities, optimizeFor, overrides, compile } = request;
    const state: { ask: JobContext["ask"] } = { ask };
    const { plan } = compileGraph(withConstants(request.graph, state), wasmTarget(capabilities, optimizeFor), {
      overrides,
    });
    const weights = new Map(plan.weights.map((weight) => [weight.key, weight]));
    planned.set(session, Object.assign(state, { weights }));
    return compile ? compilePlan(plan, request) : undefined;
  },

  /** Reads a weight's numbers and packs them into their place. */
  async pack({ session, key, backend, address }: protocol.PackRequest, { ask }: JobContext): Promise<void> {
    const plan = planned.get(session);
    if (!plan) throw begunAnew();
    const { sources, elements, write } = plan.weights.get(key)!;
    plan.ask = ask;
    const numbers: FloatArray[] = [];
    for (const source of sources) numbers.push(await source.read());
    const out = floats(backend, { address, elements });
    out.fill(0);
    write(numbers, out);
    sources.forEach(({ fresh }, i) => {
      if (fresh) freeArray(numbers[i]!);
    });
  },

  open({ session, backend, module, stages, control, threads, zeros }: protocol.OpenRequest): void {
    planned.delete(session);
    for (const region of zeros) floats(backend, region).fill(0);
    const memory = memories.get(backend)!;
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    let bound: { readonly batch: number; readonly stages: SharedStage[] } | undefined; // most runs have the batch of the one before
    sessions.set(session, {
      ...{ backend, control: new WasmControl(control), threads },
      stages: (batch) => {
        if (bound?.batch !== batch)
          bound = { batch, stages: stages.map((stage) => bindStage(stage, exports[stage.function] as Kernel, batch)) };
        return bound.stages;
      },
    });
  },

  run({ session, run, batch, timed, inputs, outputs }: protocol.RunRequest): protocol.RunReply | Moved {
    const open = sessions.get(session);
    if (!open) throw begunAnew();
    const { backend, control, threads, stages } = open;
    if (control.buffer instanceof ArrayBuffer) control.open(run); // the memory is this worker's own, and so is this
    for (const { address, data } of inputs) floats(backend, { address, elements: data.length }).set(data);
    const calls = stages(batch);
    const times = timed ? new Float64Array(calls.length) : undefined;
    let since = performance.now();
    const stamp = (stage: number): void => {
      const now = performance.now();
      times![stage] = now - since;
      since = now;
    };
    const finished = control.join(run, calls, threads, timed ? stamp : undefined);
    const results = finished ? outputs.map((region) => floats(backend, region).slice()) : [];
    return { value: { finished, times, outputs: results }, transfer: results.map(({ buffer }) => buffer) };
  },

  /** Forgets a session, planned or open. */
  close({ session }: { readonly session: number }): void {
    planned.delete(session);
    sessions.delete(session);
  },

  /** Forgets a backend's memory. */
  forget({ backend }: { readonly backend: number }): void {
    memories.delete(backend);
  },
} satisfies Record<keyof WasmCalls, Job[string]>;

function begunAnew(): DeviceError {
  return new DeviceError('device "wasm": a thread ended and was begun anew; try again');
}

function makeMemory(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages });
  } catch (cause) {
    throw new DeviceError('device "wasm": no WebAssembly memory can be made: the process has no address space left', {
      cause,
    });
  }
}

function grow(memory: WebAssembly.Memory, pages: number): void {
  try {
    memory.grow(pages);
  } catch (cause) {
    throw new DeviceError(
      `device "wasm": the system does not give ${Math.ceil(pages / 16)} MiB more: use a smaller batch or image`,
      { cause },
    );
  }
}

/** A view of a backend's memory, made anew each time: the memory may have grown. */
function floats(backend: number, { address, elements }: protocol.Region): Float32Array<ArrayBuffer> {
  return new Float32Array(memories.get(backend)!.buffer as ArrayBuffer, address, elements);
}

/** The graph with constants that are asked for where they are. */
function withConstants(graph: Graph, state: { ask: JobContext["ask"] }): Graph {
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.kind !== "constant") return node;
    const question: protocol.ConstantQuestion = { constant: node.id };
    const read = (): Promise<FloatArray> => state.ask(question) as Promise<FloatArray>;
    return { ...node, constant: { ...node.constant, fresh: true, read } }; // a copy of this thread's own
  });
  return { ...graph, nodes };
}

function compilePlan(plan: Plan<WasmStage>, request: protocol.PlanRequest): protocol.PlannedSession {
  const local = Math.max(0, ...plan.steps.flatMap((step) => step.stages.map((stage) => stage.local ?? 0)));
  // Before anything is made for each image of a batch that no memory can hold: the caller says so.
  if (arenaBytes({ buffers: plan.buffers, local }, request.maxBatch, 1) > 2 ** 32)
    return {
      ...{ module: undefined, compiled: false, stages: [], local, buffers: plan.buffers },
      ...{ inputs: [], outputs: [], weights: [] },
    };
  const { bytes, functions } = emitModule(plan, request);
  const { module, compiled } = modules.compile(bytes, (source) =>
    compileWasm(source, { flags: request.flags, pack256: request.capabilities.simd === 256 }),
  );
  const stages = plan.steps.flatMap((step, i) => {
    const { flops } = opOf(step.op).cost(step.problem);
    return step.stages.map((stage, k): protocol.PlannedStage => {
      const repeats = step.repeat === "batch" ? request.maxBatch : 1;
      return {
        ...{ node: step.node, variant: step.variant, function: functions[i]![k]!, repeat: step.repeat, flops },
        operands: stage.arguments.map((argument): protocol.StageOperand => {
          switch (argument.from) {
            case "input":
              return step.inputs[argument.index]!;
            case "output":
              return { from: "buffer", id: step.output };
            case "constant":
              return { from: "weight", key: step.weights[argument.index]! };
            case "scratch":
              return { from: "buffer", id: step.scratch[argument.index]! };
            case "local":
            case "repeat":
              return argument;
            default:
              throw new Error(`unknown argument ${JSON.stringify(argument satisfies never)}`);
          }
        }),
        pieces: Int32Array.from({ length: repeats }, (_, r) =>
          stage.pieces(step.repeat === "batch" ? r + 1 : step.repeat),
        ),
      };
    });
  });
  return {
    ...{ module, compiled, stages, local, buffers: plan.buffers, inputs: plan.inputs, outputs: plan.outputs },
    weights: plan.weights.map(({ key, elements }) => ({ key, elements })),
  };
}

type Kernel = (...operands: number[]) => void;

/** A stage with its operands filled in, for a run of `batch` images. */
function bindStage(stage: protocol.ReadyStage, kernel: Kernel, batch: number): SharedStage {
  const repeats = stage.repeat === "batch" ? batch : stage.repeat;
  const operands = [...stage.operands, 0, 0];
  for (const position of stage.repeatAt) operands[position] = repeats;
  const [begin, end] = [operands.length - 2, operands.length - 1];
  return {
    pieces: stage.pieces[stage.repeat === "batch" ? batch - 1 : 0]!,
    run: (from, to) => {
      operands[begin] = from;
      operands[end] = to;
      try {
        kernel(...operands);
      } catch (cause) {
        throw new DeviceError(`device "wasm": ${stage.node} failed: ${(cause as Error).message}`, { cause });
      }
    },
  };
}
