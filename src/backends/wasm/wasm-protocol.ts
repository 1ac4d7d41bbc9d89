/** What the backend (in the caller's thread) and its job (in the worker threads) say to each other: plain data, by number and by name. */
import type { Graph } from "../../graph/graph.ts";
import type { PlanBuffer, PlanPort, Repeat } from "../../graph/plan.ts";
import type { OptimizeFor, WasmCapabilities } from "../../kernels/op.ts";
import { align } from "./wasm-heap.ts";

/** A graph for another thread: its constants are read where they are, by their nodes' ids. */
export interface PlanRequest {
  readonly session: number;
  readonly graph: Graph;
  readonly capabilities: WasmCapabilities;
  readonly optimizeFor: OptimizeFor;
  readonly overrides: ReadonlyMap<string, string> | undefined;
  readonly maxBatch: number;
  /** Whether the memory is one over a SharedArrayBuffer. */
  readonly shared: boolean;
  /** Whether the engine's flags may be set while it compiles. */
  readonly flags: boolean;
  /** Whether this worker emits and compiles the module; the others only plan, for packing. */
  readonly compile: boolean;
}

/** What a stage's parameter is; addresses are not known yet. */
export type StageOperand =
  | { readonly from: "buffer"; readonly id: number }
  | { readonly from: "weight"; readonly key: string }
  /** Memory of the thread's own. */
  | { readonly from: "local" }
  | { readonly from: "repeat" };

export interface PlannedStage {
  /** The node, for messages and timings. */
  readonly node: string;
  readonly variant: string;
  /** Floating-point operations of the node's step for one repeat. */
  readonly flops: number;
  /** The module's export. */
  readonly function: string;
  readonly operands: readonly StageOperand[];
  readonly repeat: Repeat;
  /** Into how many pieces it is cut: by the batch less one where it repeats with it, else one number. */
  readonly pieces: Int32Array;
}

export interface PlannedSession {
  /** Undefined where the arena is larger than any memory: then nothing but the buffers was planned. */
  readonly module: WebAssembly.Module | undefined;
  /** Whether it was compiled for this call; else it was there already. */
  readonly compiled: boolean;
  readonly stages: readonly PlannedStage[];
  readonly buffers: readonly PlanBuffer[];
  readonly weights: readonly { readonly key: string; readonly elements: number }[];
  readonly inputs: readonly PlanPort[];
  readonly outputs: readonly PlanPort[];
  /** Float32 numbers that each thread needs for itself. */
  readonly local: number;
}

export interface PeakRequest {
  readonly capabilities: WasmCapabilities;
  readonly flags: boolean;
}

export interface PeakReply {
  readonly flops: number;
  /** By the clock that all threads share, in milliseconds. */
  readonly start: number;
  readonly end: number;
}

export interface PackRequest {
  readonly session: number;
  readonly key: string;
  readonly backend: number;
  readonly address: number;
}

/** Asked while a weight is packed: the numbers of a constant node. */
export interface ConstantQuestion {
  readonly constant: number;
}

/** The memory of a backend, as a worker gets it: the shared one, or how many pages its own must have. */
export interface MemoryRequest {
  readonly backend: number;
  readonly memory: WebAssembly.Memory | undefined;
  readonly pages: number;
}

export interface ReadyStage {
  readonly node: string;
  readonly function: string;
  /** Byte addresses; anything where the number of repeats goes. */
  readonly operands: readonly number[];
  /** Which operands are the number of repeats. */
  readonly repeatAt: readonly number[];
  readonly repeat: Repeat;
  readonly pieces: Int32Array;
}

export interface OpenRequest {
  readonly session: number;
  readonly backend: number;
  readonly module: WebAssembly.Module;
  readonly stages: readonly ReadyStage[];
  readonly control: SharedArrayBuffer | ArrayBuffer;
  readonly threads: number;
  /** What this thread sets to 0. */
  readonly zeros: readonly Region[];
}

export interface Region {
  readonly address: number;
  readonly elements: number;
}

export interface RunRequest {
  readonly session: number;
  /** Which run of the session this is (wasm-control.ts). */
  readonly run: number;
  readonly batch: number;
  /** Times each stage. */
  readonly timed: boolean;
  /** Where the memory is the worker's own: what to write before and to read after. */
  readonly inputs: readonly { readonly address: number; readonly data: Float32Array }[];
  readonly outputs: readonly Region[];
}

export interface RunReply {
  /** All stages are done. False: this worker came too late for the run, or was told to stop. */
  readonly finished: boolean;
  /** Milliseconds of each stage, as this worker saw it; short for those that were done when it came. */
  readonly times: Float64Array | undefined;
  readonly outputs: readonly Float32Array[];
}

/** Bytes of a session's activations: the plan's buffers one behind the other, then what each thread has for itself. */
export function arenaBytes(
  { buffers, local }: Pick<PlannedSession, "buffers" | "local">,
  maxBatch: number,
  threads: number,
): number {
  return buffers.reduce((sum, buffer) => sum + bufferBytes(buffer, maxBatch), align(4 * local) * threads);
}

export function bufferBytes({ elements, repeat }: PlanBuffer, maxBatch: number): number {
  return align(4 * elements * (repeat === "batch" ? maxBatch : repeat));
}
