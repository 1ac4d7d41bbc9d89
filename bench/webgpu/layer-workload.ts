/** Workloads of one convolution of a network alone. */
import { type Graph, nodesById, type OpNode } from "../../src/graph/graph.ts";
import type { Conv2dAttrs } from "../../src/kernels/conv2d/conv2d.problem.ts";
import { formatShape, type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { hashSigned } from "../../test/support/hash-fill.ts";
import { foldedGraph, type Workload } from "../common/runner.ts";
import { flopsOf, operandShapes } from "../common/workload.ts";

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

/** `3×3/2 64→128 at 56×56 +residual` */
function labelOf(node: OpNode, [x, weight]: readonly Shape[]): string {
  const { stride, residual } = node.attrs as Conv2dAttrs;
  const kernel = formatShape(weight!.slice(2)) + (stride[0] === 1 ? "" : `/${stride[0]}`);
  return `${kernel} ${weight![1]}→${weight![0]} at ${formatShape(x!.slice(2))}${residual ? " +residual" : ""}`;
}
