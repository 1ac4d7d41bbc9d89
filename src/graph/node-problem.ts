/** What a node asks of a kernel: its op's problem of one repeat, how often it repeats, and which operands walk along. */
import { ShapeError } from "../errors.ts";
import { opOf } from "../kernels/table.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { GraphNode, OpNode } from "./graph.ts";
import type { Repeat } from "./plan.ts";

export interface NodeProblem {
  readonly problem: object;
  readonly repeat: Repeat;
}

/**
 * The problem of `node`, whose operands are `inputs` in order. Throws ShapeError when the node is batched and its op would mix the
 * images of a batch: their number is not known before a run, and no result may depend on it.
 */
export function nodeProblem(node: OpNode, inputs: readonly GraphNode[]): NodeProblem {
  const op = opOf(node.op);
  const shapes = inputs.map((input) => input.shape);
  const walking = op.repeats(node.attrs, shapes);
  if (node.batched) {
    const mixed = inputs.find((input, i) => input.batched && !walking?.[i]);
    if (mixed)
      throw new ShapeError(
        `${node.name}: ${node.op} of ${mixed.name} (${formatShape(["batch", ...mixed.shape.slice(1)])}) mixes or moves dimension 0, the batch: ` +
          "in a network every image is computed by itself; keep dimension 0 first and work on the others",
      );
    const walks = inputs.map((input) => input.batched);
    return { problem: op.problem(node.attrs, shapes, walks), repeat: "batch" };
  }
  if (!walking)
    return {
      problem: op.problem(
        node.attrs,
        shapes,
        inputs.map(() => false),
      ),
      repeat: 1,
    };
  const one: Shape[] = shapes.map((shape, i) => (walking[i] ? [1, ...shape.slice(1)] : shape));
  return { problem: op.problem(node.attrs, one, walking), repeat: node.shape[0] ?? 1 };
}

/** Looks a node's operands up. */
export function operandsOf(node: OpNode, byId: ReadonlyMap<number, GraphNode>): GraphNode[] {
  return node.inputs.map((id) => {
    const input = byId.get(id);
    if (!input) throw new Error(`graph: ${node.name} reads node ${id}, which is not there`);
    return input;
  });
}
