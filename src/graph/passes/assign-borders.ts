/**
 * Puts a border of zeros around the images of a value (kernels/border.ts) where a padding kernel reads it, which then makes no copy: where
 * whoever writes the value can leave the border alone, and all who read it can read it so. Changes no number.
 */
import { type Border, type Borders, widestBorder } from "../../kernels/border.ts";
import { opOf } from "../../kernels/table.ts";
import type { Target } from "../../kernels/target.ts";
import { type Graph, nodesById, type OpNode } from "../graph.ts";
import { nodeProblem, operandsOf } from "../node-problem.ts";
import { choiceOf } from "./choose-variants.ts";

export function assignBorders<Stage>(graph: Graph, target: Target<Stage>): Graph {
  const byId = nodesById(graph);
  const nodes = graph.nodes.filter((node): node is OpNode => node.kind === "op");
  const ruleOf = (node: OpNode) => {
    const choice = choiceOf(node, target);
    return choice === "view" ? undefined : choice.borders(nodeProblem(node, operandsOf(node, byId)).problem);
  };
  const rules = new Map(nodes.map((node) => [node.id, ruleOf(node)]));
  const readers = new Map<number, OpNode[]>();
  for (const node of nodes) for (const id of new Set(node.inputs)) readers.set(id, [...(readers.get(id) ?? []), node]);
  const outputs = new Set(graph.outputs.map((output) => output.node));

  /** Undefined where there is to be none. */
  const borderOf = (node: OpNode): Border | undefined => {
    if (node.layout !== "nhwc" || outputs.has(node.id) || !rules.get(node.id)?.writes) return undefined;
    let widest: Border | undefined;
    for (const reader of readers.get(node.id) ?? []) {
      const rule = rules.get(reader.id);
      const first = opOf(reader.op)
        .operands(reader.attrs)
        .findIndex((operand) => operand.role === "value");
      if (!rule?.reads || reader.inputs.some((id, i) => (id === node.id) !== (i === first))) return undefined;
      if (rule.wanted) widest = widestBorder(rule.wanted, widest);
    }
    return widest;
  };
  const changed = new Map<number, Borders>();
  for (const node of nodes) {
    const border = borderOf(node);
    if (!border) continue;
    changed.set(node.id, { ...changed.get(node.id), output: border });
    for (const reader of readers.get(node.id)!) changed.set(reader.id, { ...changed.get(reader.id), input: border });
  }
  const withBorders = (node: OpNode): OpNode => {
    const borders = changed.get(node.id);
    return borders ? { ...node, attrs: { ...node.attrs, borders } } : node;
  };
  return { ...graph, nodes: graph.nodes.map((node) => (node.kind === "op" ? withBorders(node) : node)) };
}
