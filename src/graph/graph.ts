/**
 * The graph as data: what a network or an eager expression computes, before and after passes. A node gives one value; nodes stand in
 * an order in which they can be run. Passes make new graphs and change none. Nothing here runs anything.
 */
import { bordersOf, formatBorder } from "../kernels/border.ts";
import type { Layout } from "../kernels/op.ts";
import { type OpName, opOf } from "../kernels/table.ts";
import type { Constant } from "../tensor/host-tensor.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";

interface NodeBase {
  readonly id: number;
  /** In a network torchvision's node name (`layer1.0.relu_1`); eagerly the op's name, numbered. */
  readonly name: string;
  /** Dimension 0 is 1 where `batched`: it stands for the batch, whose size is given at each run. */
  readonly shape: Shape;
  readonly batched: boolean;
}

/** A value that each run is given. */
export interface InputNode extends NodeBase {
  readonly kind: "input";
}

/** Numbers that are the same in every run; read late. */
export interface ConstantNode extends NodeBase {
  readonly kind: "constant";
  readonly constant: Constant;
}

export interface OpNode extends NodeBase {
  readonly kind: "op";
  readonly op: OpName;
  /** The op's attributes: plain JSON. */
  readonly attrs: object;
  /** Node ids of the operands, in the op's order. */
  readonly inputs: readonly number[];
  /** Names of the traced nodes that this one computes, itself last. */
  readonly covers: readonly string[];
  /** Written by the fusing passes: another node computes what this one did; it stays only where an output asks for it. */
  readonly spare?: boolean;
  /** Written by choose-variants: the kernel's id. */
  readonly variant?: string;
  /** Written by choose-variants: why this kernel, and so this order of sums, and none before it in its op's list. Empty where there was none. */
  readonly reason?: string;
  /** Written by assign-layout: the output's. */
  readonly layout?: Layout;
}

export type GraphNode = InputNode | ConstantNode | OpNode;

export interface GraphOutput {
  readonly name: string;
  readonly node: number;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly GraphOutput[];
  /** What else a node may be called: a module's name means its last node (`layer3` → `layer3.5.relu_2`). */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Nodes by id, for passes that look up many. */
export function nodesById(graph: Graph): Map<number, GraphNode> {
  return new Map(graph.nodes.map((node) => [node.id, node]));
}

/** How many nodes use each node's value. Neither outputs nor spare nodes count: what is asked for must not change how it is computed. */
export function useCounts(graph: Graph): Map<number, number> {
  const uses = new Map<number, number>();
  for (const node of graph.nodes)
    if (node.kind === "op" && !node.spare) for (const id of node.inputs) uses.set(id, (uses.get(id) ?? 0) + 1);
  return uses;
}

/** The graph without the nodes that no output needs. Inputs stay: a caller gives them by name. */
export function pruneGraph(graph: Graph): Graph {
  const byId = nodesById(graph);
  const needed = new Set<number>();
  const pending = graph.outputs.map((output) => output.node);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    const node = byId.get(id);
    if (node?.kind === "op") pending.push(...node.inputs);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => node.kind === "input" || needed.has(node.id)) };
}

/** The names of the values that can be an output, in order: inputs and ops, as torchvision's get_graph_node_names lists them. */
export function nodeNames(graph: Graph): string[] {
  return graph.nodes.filter((node) => node.kind !== "constant").map((node) => node.name);
}

/** One line a node: `layer1.0.relu  batch×64×56×56  = conv2d(maxpool, …)  {stride: …}  covers …  by conv2d.wgsl-gemm, nhwc`. */
export function formatGraph(graph: Graph): string {
  const byId = nodesById(graph);
  const lines = graph.nodes.filter((node) => node.kind !== "constant").map((node) => formatNode(node, byId));
  const outputs = graph.outputs.map(({ name, node }) => {
    const target = byId.get(node)?.name ?? `#${node}`;
    return name === target ? name : `${name} = ${target}`;
  });
  return [...lines, `→ ${outputs.join(", ")}`].join("\n");
}

function formatNode(node: GraphNode, byId: ReadonlyMap<number, GraphNode>): string {
  const shape = node.batched ? formatShape(["batch", ...node.shape.slice(1)].map(String)) : formatShape(node.shape);
  if (node.kind !== "op") return `${node.name}  ${shape}  = ${node.kind}`;
  const operands = opOf(node.op).operands(node.attrs);
  const inputs = node.inputs.map((id, i) => `${operands[i]?.name ?? i}=${byId.get(id)?.name ?? `#${id}`}`);
  const parts = [`${node.name}  ${shape}  = ${node.op}(${inputs.join(", ")})`, formatAttrs(node.attrs)];
  if (node.covers.length > 1) parts.push(`covers ${node.covers.join(" + ")}`);
  if (node.variant) parts.push(`by ${node.variant}`);
  const border = bordersOf(node.attrs).output;
  if (node.layout) parts.push(border ? `${node.layout} in ${formatBorder(border)}` : node.layout);
  return parts.filter((part) => part !== "").join("  ");
}

function formatAttrs(attrs: object): string {
  const shown = Object.entries(attrs).filter(([key, value]) => value !== false && key !== "borders");
  return shown.length === 0
    ? ""
    : `{${shown.map(([key, value]) => (value === true ? key : `${key}: ${JSON.stringify(value)}`)).join(", ")}}`;
}
