/**
 * What a benchmark beside peers runs: a workload, the same for every engine, and a runner, one engine made ready for it. Data and types;
 * the engines are each benchmark's ours-*.ts and bench/peers.
 */
import type { Graph } from "../../src/graph/graph.ts";
import { pruneGraph } from "../../src/graph/graph.ts";
import { foldBatchNorm } from "../../src/graph/passes/fold-batch-norm.ts";
import { fuseEpilogue } from "../../src/graph/passes/fuse-epilogue.ts";
import type { Layout } from "../../src/kernels/op.ts";
import type { Constant, HostTensor } from "../../src/tensor/host-tensor.ts";

export interface Workload {
  /** As traced, with its weights as constants and one output; dimension 0 of batched values is the batch. */
  readonly graph: Graph;
  /** By the graph's names, NCHW. */
  readonly inputs: ReadonlyMap<string, HostTensor>;
  readonly batch: number;
}

/** An engine with weights uploaded and kernels compiled. */
export interface Runner {
  /** Of the package; ours says its commit elsewhere. */
  readonly version: string;
  /** That it does run on, where that is not what it was asked for. */
  readonly threads?: number;
  /** The layout of what `run` gives: an engine may take and give what it likes best, and is not charged for converting. */
  readonly layout: Layout;
  /** Inputs in ordinary memory → output in ordinary memory. */
  run(): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export type OpenRunner = (workload: Workload) => Promise<Runner>;

/** The graph as the other engines are given it: batch norms in the convolutions, each convolution with its bias, residual and ReLU. */
export function foldedGraph(graph: Graph): Graph {
  return pruneGraph(fuseEpilogue(foldBatchNorm(graph)));
}

/** A constant's numbers, rounded to float32 once. */
export async function readFloat32(constant: Constant): Promise<Float32Array<ArrayBuffer>> {
  return Float32Array.from(await constant.read());
}
