/**
 * What every backend is to the engine: it keeps resident weights, prepares sessions for graphs, and runs them. A backend holds no
 * mathematics; it is the only one that touches a device.
 */
import type { Graph } from "../graph/graph.ts";
import type { OptimizeFor } from "../kernels/op.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";

/** What can run a graph; `reference` is plain TypeScript. */
export type DeviceName = "webgpu" | "wasm" | "reference";

/** What ran, for people and for a vector's record. */
export interface DeviceInfo {
  readonly device: DeviceName;
  /** The adapter or engine: `SwiftShader (Vulkan)`, `WebAssembly SIMD128, relaxed multiply-add`, `plain TypeScript`. */
  readonly description: string;
  /** WebAssembly: bits of its vectors, and threads that run. */
  readonly simd?: 128 | 256;
  readonly threads?: number;
  /** What the caller should know: something that it asked for cannot be had as it is, and why. */
  readonly warning?: string;
}

/** What a step of a run took. */
export interface StepTime {
  /** The node that it computes. */
  readonly node: string;
  /** The kernel. */
  readonly variant: string;
  /** Floating-point operations, a multiply-add counted as two: of the plain sum, whatever way the kernel goes. */
  readonly flops: number;
  readonly milliseconds: number;
}

/** Counters that only grow, but for the live ones: a test holds them still while the batch changes. */
export interface BackendCounters {
  /** Shader pipelines or WebAssembly modules compiled so far. */
  readonly compiled: number;
  /** Device buffers or memory blocks allocated so far. */
  readonly allocated: number;
  /** Buffers alive now, and their bytes. */
  readonly liveBuffers: number;
  readonly liveBytes: number;
}

/** Packed weights in device memory. They belong to a model and serve all its sessions. */
export interface Resident {
  readonly bytes: number;
  dispose(): void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Told what each step took, before the run resolves. Only WebAssembly has it; the others throw UnsupportedError. */
  readonly onTimes?: (times: readonly StepTime[]) => void;
}

/** A graph made ready. Runs one after another: a second run waits for the first. */
export interface Session {
  /** What was made of the graph, as text for people: the graph after each pass, and the steps. */
  readonly plan: string;
  /** Device memory of the activations, in bytes. */
  readonly bytes: number;
  /**
   * Takes and gives tensors by the graph's names. Dimension 0 of batched inputs is the batch: any number from 1 to maxBatch.
   * Throws ShapeError for a missing, unexpected or misshapen input, DeviceError when the device fails.
   */
  run(inputs: ReadonlyMap<string, HostTensor>, options?: RunOptions): Promise<Map<string, HostTensor>>;
  dispose(): void;
}

export interface PrepareOptions {
  /** The largest batch that the session will be given. */
  readonly maxBatch: number;
  /** Kernels by node (see graph/passes/kernel-overrides.ts). The reference, which has no kernels, refuses them. */
  readonly overrides?: ReadonlyMap<string, string>;
  /** What kernels are chosen for; `latency` unless told. */
  readonly optimizeFor?: OptimizeFor;
  readonly signal?: AbortSignal;
}

export interface Backend {
  readonly info: DeviceInfo;
  /** GFLOP/s of all its threads, multiplying and adding as fast as they can. Only WebAssembly's; measured anew at each call. */
  measurePeak?(): Promise<number>;
  createResident(): Resident;
  /** Passes, plan, kernels compiled, missing weights read and packed into `resident`, buffers allocated. */
  prepare(graph: Graph, resident: Resident, options: PrepareOptions): Promise<Session>;
  counters(): BackendCounters;
  /** Frees everything; sessions and residents of this backend are unusable afterwards. */
  dispose(): void;
}
