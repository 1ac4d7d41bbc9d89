/** From lazy tensors to a graph: every tensor that the outputs need becomes a node, in the order in which the tensors were made. */
import type { ConstantNode, Graph, GraphNode, GraphOutput } from "../graph/graph.ts";
import { weightOperands } from "../graph/infer-shape.ts";
import { nodeProblem } from "../graph/node-problem.ts";
import { type Constant, constantOf } from "../tensor/host-tensor.ts";
import { finish, type Steps } from "../tensor/steps.ts";
import type { LazyTensor } from "./lazy.ts";

export interface BuildOptions {
  /**
   * What leaves of given numbers are: `inputs` of each run (eager use), or `constants` of the graph (a network, whose only inputs are
   * its own). Operands that an op declares constant are constants in both.
   */
  readonly leaves: "inputs" | "constants";
  /** Names of constants: a network's parameters. */
  readonly constantNames?: ReadonlyMap<Constant, string>;
}

export interface BuiltGraph extends Graph {
  /** The name of each tensor's node. */
  readonly nodeNames: ReadonlyMap<LazyTensor, string>;
  /** Which tensor each input of the graph stands for. */
  readonly inputTensors: ReadonlyMap<string, LazyTensor>;
}

/** The graph of `outputs`, each named as its node. Throws ShapeError when a batched op would mix the images of a batch. */
export function buildGraph(outputs: readonly LazyTensor[], options: BuildOptions): BuiltGraph {
  return finish(buildGraphInSteps(outputs, options));
}

/** buildGraph, a node a step. */
export function* buildGraphInSteps(outputs: readonly LazyTensor[], options: BuildOptions): Steps<BuiltGraph> {
  const unique = uniqueNames();
  const nodes: GraphNode[] = [];
  const values = new Map<LazyTensor, number>();
  const constants = new Map<Constant, number>();
  const inputTensors = new Map<string, LazyTensor>();

  const addConstant = (tensor: LazyTensor): number => {
    const constant = constantIn(tensor);
    const known = constants.get(constant);
    if (known !== undefined) return known;
    const name = unique(options.constantNames?.get(constant) ?? "constant");
    const node: ConstantNode = {
      kind: "constant",
      id: nodes.length,
      name,
      shape: tensor.shape,
      batched: false,
      constant,
    };
    nodes.push(node);
    constants.set(constant, node.id);
    return node.id;
  };
  const addInput = (tensor: LazyTensor, name: string): number => {
    const node: GraphNode = {
      kind: "input",
      id: nodes.length,
      name: unique(name),
      shape: tensor.shape,
      batched: tensor.batched,
    };
    nodes.push(node);
    inputTensors.set(node.name, tensor);
    return node.id;
  };

  for (const tensor of inOrder(outputs)) {
    const { origin } = tensor;
    if (origin.kind === "input") values.set(tensor, addInput(tensor, origin.name));
    if (origin.kind !== "op") continue;
    const weights = new Set(weightOperands(origin.op, origin.attrs));
    const inputs = origin.inputs.map((input, i) => {
      const known = weights.has(i) ? undefined : values.get(input);
      if (known !== undefined) return known;
      if (weights.has(i) || options.leaves === "constants" || input.origin.kind === "constant")
        return addConstant(input);
      const id = addInput(input, "input");
      values.set(input, id);
      return id;
    });
    const name = unique(tensor.name ?? origin.op);
    const { shape, batched } = tensor;
    nodes.push({
      ...{
        kind: "op",
        id: nodes.length,
        name,
        shape,
        batched,
        op: origin.op,
        attrs: origin.attrs,
        inputs,
        covers: [name],
      },
    });
    const node = nodes[nodes.length - 1]!;
    if (node.kind === "op" && batched)
      nodeProblem(
        node,
        node.inputs.map((id) => nodes[id]!),
      ); // refuses what mixes a batch
    values.set(tensor, node.id);
    yield;
  }
  const graphOutputs = outputs.map((tensor): GraphOutput => {
    const id = values.get(tensor) ?? (tensor.origin.kind === "data" ? addInput(tensor, "input") : addConstant(tensor));
    return { name: nodes[id]!.name, node: id };
  });
  const nodeNames = new Map([...values].map(([tensor, id]) => [tensor, nodes[id]!.name]));
  return { nodes, outputs: graphOutputs, aliases: new Map(), inputTensors, nodeNames };
}

/** All tensors that the outputs need, oldest first. */
function inOrder(outputs: readonly LazyTensor[]): LazyTensor[] {
  const found = new Set<LazyTensor>();
  const pending = [...outputs];
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (found.has(tensor)) continue;
    found.add(tensor);
    if (tensor.origin.kind === "op") pending.push(...tensor.origin.inputs);
  }
  return [...found].sort((a, b) => a.serial - b.serial);
}

const constantsOfData = new WeakMap<Float32Array, Constant>();

/** The constant of a leaf; the same numbers give the same constant each time. */
function constantIn(tensor: LazyTensor): Constant {
  const { origin } = tensor;
  if (origin.kind === "constant") return origin.constant;
  if (origin.kind !== "data")
    throw new Error(`graph: a weight that is computed by ${origin.kind} was not evaluated first`);
  const known = constantsOfData.get(origin.data);
  if (known) return known;
  const constant = constantOf(origin.data, tensor.shape);
  constantsOfData.set(origin.data, constant);
  return constant;
}

/** Gives a name the first time, and with _1, _2, … after that; never one that was given before, such as a field named `relu_1`. */
function uniqueNames(): (name: string) => string {
  const counts = new Map<string, number>();
  const given = new Set<string>();
  return (name) => {
    let count = counts.get(name) ?? 0;
    let unique = count === 0 ? name : `${name}_${count}`;
    while (given.has(unique)) unique = `${name}_${++count}`;
    counts.set(name, count + 1);
    given.add(unique);
    return unique;
  };
}
