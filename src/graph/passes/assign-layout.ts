/**
 * Gives each value its layout in memory, as the chosen kernels ask, and puts explicit conversions where a value is wanted in another
 * one: before the first convolution, before a flatten, at outputs, which are always row-major NCHW.
 */
import type { Layout } from "../../kernels/op.ts";
import { opOf } from "../../kernels/table.ts";
import type { Target } from "../../kernels/target.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type Graph, type GraphNode, nodesById, type OpNode } from "../graph.ts";
import { nodeProblem, operandsOf } from "../node-problem.ts";
import { choiceOf } from "./choose-variants.ts";

export function assignLayout<Stage>(graph: Graph, target: Target<Stage>): Graph {
  const byId = nodesById(graph);
  const nodes: GraphNode[] = [];
  const layouts = new Map<number, Layout>();
  const converted = new Map<string, number>();
  let nextId = Math.max(...byId.keys()) + 1;

  /** The id of the value of `id` in the wanted layout: itself, or a conversion that is made once. */
  const inLayout = (id: number, wanted: Layout): number => {
    const node = byId.get(id)!;
    const from = layouts.get(id) ?? "nchw";
    if (from === wanted || layoutsAreEqual(node.shape)) return id;
    const key = `${id}:${wanted}`;
    const known = converted.get(key);
    if (known !== undefined) return known;
    const convert: OpNode = withVariant(
      {
        ...{ kind: "op", id: nextId++, name: `${node.name}:${wanted}`, shape: node.shape, batched: node.batched },
        ...{ op: "convertLayout", attrs: { from, to: wanted }, inputs: [id], covers: [], layout: wanted },
      },
      [node],
      target,
    );
    nodes.push(convert);
    byId.set(convert.id, convert);
    layouts.set(convert.id, wanted);
    converted.set(key, convert.id);
    return convert.id;
  };

  for (const node of graph.nodes) {
    if (node.kind !== "op") {
      nodes.push(node);
      continue;
    }
    const operands = opOf(node.op).operands(node.attrs);
    const choice = choiceOf(node, target);
    const rule = choice === "view" ? undefined : choice.layouts(nodeProblem(node, operandsOf(node, byId)).problem);
    const followed = node.inputs.find(
      (id) => byId.get(id)!.shape.length === 4 && !layoutsAreEqual(byId.get(id)!.shape),
    );
    const any = followed === undefined ? "nchw" : (layouts.get(followed) ?? "nchw");
    let value = 0; // the rule counts the values only
    const inputs = node.inputs.map((id, i) => {
      if (operands[i]?.role === "weight") return id;
      return inLayout(id, rule === undefined ? "nchw" : rule === "any" ? any : rule.inputs[value++]!);
    });
    const layout = rule === undefined ? "nchw" : rule === "any" ? any : rule.output;
    const next: OpNode = { ...node, inputs, layout };
    nodes.push(next);
    byId.set(node.id, next);
    layouts.set(node.id, layout);
  }
  const outputs = graph.outputs.map((output) => ({ ...output, node: inLayout(output.node, "nchw") }));
  return { ...graph, nodes, outputs };
}

/** Whether a value has the same bytes in every layout: not an image, one channel, or one pixel. */
function layoutsAreEqual(shape: Shape): boolean {
  return shape.length !== 4 || shape[1] === 1 || shape[2]! * shape[3]! === 1;
}

function withVariant<Stage>(node: OpNode, inputs: readonly GraphNode[], target: Target<Stage>): OpNode {
  const choices = target.choices(opOf(node.op));
  const { problem } = nodeProblem(node, inputs);
  const choice = choices === "view" ? undefined : choices.find((candidate) => candidate.accepts(problem) === true);
  if (!choice) throw new Error(`no ${target.kind} kernel for ${node.op} of ${JSON.stringify(problem)}`);
  return { ...node, variant: choice.id };
}
