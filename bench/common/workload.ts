/** Workloads of the benchmarks beside peers: a whole network with the goldens' weights, photo to logits; and what it costs. */
import { type Graph, nodesById, type OpNode } from "../../src/graph/graph.ts";
import { opOf } from "../../src/kernels/table.ts";
import { createNetwork } from "../../src/model/architectures.ts";
import { loadStateDict } from "../../src/nn/load-state-dict.ts";
import { trace } from "../../src/nn/trace.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import type { DepthName } from "../../test/support/golden-networks.ts";
import { foldedGraph, type Workload } from "./runner.ts";

export const side = 224;

/** A network as traced; its weights are in memory. `weights` is a safetensors file with torchvision's names. */
export async function tracedNetwork(model: DepthName, weights: Uint8Array): Promise<Graph> {
  const network = createNetwork(model, 1000);
  loadStateDict(network, await openSafetensors(weights), model);
  return trace(network, [3, side, side]);
}

/** `photos` has as many preprocessed photos as the largest batch. */
export function networkWorkload(graph: Graph, batch: number, photos: Float32Array): Workload {
  const data = photos.subarray(0, batch * 3 * side * side);
  return { graph, batch, inputs: new Map([["x", { shape: [batch, 3, side, side], dtype: "float32", data }]]) };
}

/** Floating-point operations of one image: a multiply-add counts as two. */
export function graphFlops(traced: Graph): number {
  const graph = foldedGraph(traced);
  return graph.nodes.reduce((sum, node) => sum + (node.kind === "op" ? flopsOf(graph, node) : 0), 0);
}

/** Of a node's operands, in order; dimension 0 of batched ones is 1. */
export function operandShapes(graph: Graph, node: OpNode): Shape[] {
  const byId = nodesById(graph);
  return node.inputs.map((id) => byId.get(id)!.shape);
}

/** Floating-point operations of one node for one image. */
export function flopsOf(graph: Graph, node: OpNode): number {
  const op = opOf(node.op);
  const shapes = operandShapes(graph, node);
  const walks = op.repeats(node.attrs, shapes) ?? shapes.map(() => false);
  return op.cost(op.problem(node.attrs, shapes, walks)).flops;
}
