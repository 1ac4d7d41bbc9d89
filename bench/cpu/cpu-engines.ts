/** The rows of the benchmark on the CPU: what each is, and what its process is told. Data. */
import type { OptimizeFor } from "../../src/kernels/op.ts";
import type { DepthName } from "../../test/support/golden-networks.ts";

/** What a process of an engine is told, as JSON in its one argument. */
export interface EngineSpec {
  readonly engine: CpuEngineName;
  readonly model: DepthName;
  readonly batch: number;
  readonly threads: number;
  /** A safetensors file with torchvision's names, batch norms not folded. */
  readonly weights: string;
  /** Preprocessed photos: float32, NCHW, at least `batch`. */
  readonly photos: string;
  /** Ours alone: what its kernels are chosen for. */
  readonly optimizeFor: OptimizeFor;
}

/**
 * In the order of a round. `oursOther`: in the mode that the batch is not measured by; `ours128`: without the revectoriser;
 * `tfjsWasmThreads`: with the threads that TensorFlow.js has off in Node (../peers/tfjs-wasm.ts).
 */
export const cpuEngineNames = [
  "ours",
  "torchEager",
  "torchScript",
  "torchCompile",
  "onnxruntimeNode",
  "onnxruntimeWeb",
  "tfjsWasm",
  "tfjsWasmThreads",
  "ours128",
  "oursOther",
] as const;
export type CpuEngineName = (typeof cpuEngineNames)[number];

export interface CpuEngine {
  readonly title: string;
  readonly runtime: "node" | "python";
}

export const cpuEngines: Record<CpuEngineName, CpuEngine> = {
  ours: { title: "residual", runtime: "node" },
  oursOther: { title: "residual", runtime: "node" },
  ours128: { title: "residual, 128 bits", runtime: "node" },
  torchEager: { title: "PyTorch, eager", runtime: "python" },
  torchScript: { title: "PyTorch, optimize_for_inference", runtime: "python" },
  torchCompile: { title: "PyTorch, compile with freezing", runtime: "python" },
  onnxruntimeNode: { title: "onnxruntime-node", runtime: "node" },
  onnxruntimeWeb: { title: "onnxruntime-web, wasm", runtime: "node" },
  tfjsWasm: { title: "TensorFlow.js, wasm", runtime: "node" },
  tfjsWasmThreads: { title: "TensorFlow.js, wasm, threads forced", runtime: "node" },
};

/** Batch 1 is measured by latency, a larger one by throughput. */
export function modeOf(batch: number): OptimizeFor {
  return batch === 1 ? "latency" : "throughput";
}

/** What an engine's kernels are chosen for in a workload that is measured by `mode`; of ours alone. */
export function modeOfEngine(name: CpuEngineName, mode: OptimizeFor): OptimizeFor {
  if (name !== "oursOther") return mode;
  return mode === "latency" ? "throughput" : "latency";
}

/** For a table: ours with its mode. */
export function engineTitle(name: CpuEngineName, mode: OptimizeFor): string {
  const { title } = cpuEngines[name];
  return name === "ours" || name === "oursOther" || name === "ours128"
    ? `${title}, ${modeOfEngine(name, mode)}`
    : title;
}
