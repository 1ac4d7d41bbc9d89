/**
 * Fuses what follows a convolution into it, while its sums are still in registers: first an addition of another value of the same
 * shape (a residual), then a ReLU. What is fused away stays as a spare node, computed by the same kernel and weights without the later
 * parts, for those who ask for it as an output: so an output more changes no bit of the others.
 */
import type { Conv2dAttrs } from "../../kernels/conv2d/conv2d.problem.ts";
import { sameShape } from "../../tensor/shape.ts";
import { type Graph, type GraphNode, nodesById, type OpNode, useCounts } from "../graph.ts";

export function fuseEpilogue(graph: Graph): Graph {
  return fuse(fuse(graph, withResidual), withRelu);
}

/** How a node is computed by the convolution before it, or undefined where it cannot be. */
type Rule = (
  node: OpNode,
  operands: readonly GraphNode[],
  fusable: (conv: GraphNode) => conv is OpNode,
) => Fused | undefined;

interface Fused {
  conv: OpNode;
  attrs: Conv2dAttrs;
  inputs: readonly number[];
}

function fuse(graph: Graph, rule: Rule): Graph {
  const byId = nodesById(graph);
  const uses = useCounts(graph);
  const fusable = (conv: GraphNode): conv is OpNode =>
    conv.kind === "op" && conv.op === "conv2d" && !(conv.attrs as Conv2dAttrs).relu && uses.get(conv.id) === 1;
  const spare = new Set<number>();
  const nodes = graph.nodes.map((node) => {
    if (node.kind !== "op" || node.spare) return node;
    const operands = node.inputs.map((id) => byId.get(id)!);
    const fused = rule(node, operands, fusable);
    if (!fused) return node;
    spare.add(fused.conv.id);
    const covers = [...fused.conv.covers, ...node.covers];
    const next: OpNode = { ...node, op: "conv2d", attrs: fused.attrs, inputs: fused.inputs, covers };
    byId.set(node.id, next);
    return next;
  });
  return {
    ...graph,
    nodes: nodes.map((node) => (spare.has(node.id) && node.kind === "op" ? { ...node, spare: true } : node)),
  };
}

const withResidual: Rule = (node, operands, fusable) => {
  const [a, b] = operands;
  if (node.op !== "add" || !a || !b || a.id === b.id || !sameShape(a.shape, b.shape) || a.batched !== b.batched)
    return undefined;
  for (const [conv, residual] of [
    [a, b],
    [b, a],
  ] as const) {
    if (!fusable(conv)) continue;
    const attrs = conv.attrs as Conv2dAttrs;
    if (!attrs.residual) return { conv, attrs: { ...attrs, residual: true }, inputs: [...conv.inputs, residual.id] };
  }
  return undefined;
};

const withRelu: Rule = (node, operands, fusable) => {
  const [conv] = operands;
  if (node.op !== "relu" || !conv || !fusable(conv)) return undefined;
  return { conv, attrs: { ...(conv.attrs as Conv2dAttrs), relu: true }, inputs: conv.inputs };
};
