/** Workloads of the benchmark: a whole network with the goldens' weights, photo to logits; or one of its convolutions alone. */
import { type Graph, nodesById, type OpNode } from "../../src/graph/graph.ts";
import type { Conv2dAttrs } from "../../src/kernels/conv2d/conv2d.problem.ts";
import { opOf } from "../../src/kernels/table.ts";
import { createNetwork } from "../../src/model/architectures.ts";
import { loadStateDict } from "../../src/nn/load-state-dict.ts";
import { trace } from "../../src/nn/trace.ts";
import { formatShape, type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { hashSigned } from "../../test/support/hash-fill.ts";
import { foldedGraph, type Workload } from "./runner.ts";

/** The networks that are measured. */
export type BenchModel = "resnet18" | "resnet50";

export const side = 224;

/** A network as traced; its weights are in memory. `weights` is a safetensors file with torchvision's names. */
export async function tracedNetwork(model: BenchModel, weights: Uint8Array): Promise<Graph> {
  const network = createNetwork(model, 1000);
  loadStateDict(network, await openSafetensors(weights), model);
  return trace(network, [3, side, side]);
}

/** `photos` has as many preprocessed photos as the largest batch. */
export function networkWorkload(graph: Graph, batch: number, photos: Float32Array): Workload {
  const data = photos.subarray(0, batch * 3 * side * side);
  return { graph, batch, inputs: new Map([["x", { shape: [batch, 3, side, side], dtype: "float32", data }]]) };
}

/** One kind of convolution of a network. */
export interface ConvLayer {
  /** The first node of its kind. */
  readonly node: string;
  /** How often the network has it. */
  readonly count: number;
  readonly label: string;
  /** Of one image. */
  readonly flops: number;
}

export function convLayers(traced: Graph): ConvLayer[] {
  const graph = foldedGraph(traced);
  const kinds = new Map<string, ConvLayer>();
  for (const node of graph.nodes) {
    if (node.kind !== "op" || node.op !== "conv2d") continue;
    const shapes = operandShapes(graph, node);
    const key = JSON.stringify([node.attrs, shapes]);
    const known = kinds.get(key);
    const layer = known ?? { node: node.name, count: 0, label: labelOf(node, shapes), flops: flopsOf(graph, node) };
    kinds.set(key, { ...layer, count: layer.count + 1 });
  }
  return [...kinds.values()];
}

/** The convolution `name` with its folded weights, on random inputs. */
export function layerWorkload(traced: Graph, name: string, batch: number): Workload {
  const graph = foldedGraph(traced);
  const byId = nodesById(graph);
  const conv = graph.nodes.find((node): node is OpNode => node.kind === "op" && node.name === name);
  if (!conv) throw new Error(`there is no layer ${name}`);
  const operands = conv.inputs.map((id) => byId.get(id)!);
  const nodes = operands.map((node) => (node.kind === "constant" ? node : { ...node, kind: "input" as const }));
  const inputs = nodes
    .filter((node) => node.kind === "input")
    .map((node) => {
      const shape = [batch, ...node.shape.slice(1)];
      return [node.name, { shape, dtype: "float32" as const, data: hashSigned(node.name, sizeOf(shape)) }] as const;
    });
  const alone = { nodes: [...nodes, conv], outputs: [{ name, node: conv.id }], aliases: new Map() };
  return { graph: alone, batch, inputs: new Map(inputs) };
}

/** Floating-point operations of one image: a multiply-add counts as two. */
export function graphFlops(traced: Graph): number {
  const graph = foldedGraph(traced);
  return graph.nodes.reduce((sum, node) => sum + (node.kind === "op" ? flopsOf(graph, node) : 0), 0);
}

function operandShapes(graph: Graph, node: OpNode): Shape[] {
  const byId = nodesById(graph);
  return node.inputs.map((id) => byId.get(id)!.shape);
}

function flopsOf(graph: Graph, node: OpNode): number {
  const op = opOf(node.op);
  const shapes = operandShapes(graph, node);
  const walks = op.repeats(node.attrs, shapes) ?? shapes.map(() => false);
  return op.cost(op.problem(node.attrs, shapes, walks)).flops;
}

/** `3×3/2 64→128 at 56×56 +residual` */
function labelOf(node: OpNode, [x, weight]: readonly Shape[]): string {
  const { stride, residual } = node.attrs as Conv2dAttrs;
  const kernel = formatShape(weight!.slice(2)) + (stride[0] === 1 ? "" : `/${stride[0]}`);
  return `${kernel} ${weight![1]}→${weight![0]} at ${formatShape(x!.slice(2))}${residual ? " +residual" : ""}`;
}
