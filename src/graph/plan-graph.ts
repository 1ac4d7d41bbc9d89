/** From a graph whose kernels and layouts are chosen to a plan: steps, shared buffers, packed weights, ports. */
import { bordersOf, extentWithin } from "../kernels/border.ts";
import type { Layout } from "../kernels/op.ts";
import { opOf } from "../kernels/table.ts";
import type { Choice, Target } from "../kernels/target.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type ConstantNode, type Graph, type GraphNode, nodesById, type OpNode } from "./graph.ts";
import { type Lifetime, planMemory } from "./memory-plan.ts";
import { type NodeProblem, nodeProblem, operandsOf } from "./node-problem.ts";
import { choiceOf } from "./passes/choose-variants.ts";
import type { Plan, PlannedWeight, PlanPort, PlanSource, Repeat, Step } from "./plan.ts";

/** A node that runs a kernel. */
interface Kernel<Stage> {
  readonly node: OpNode;
  readonly choice: Choice<Stage>;
  readonly asked: NodeProblem;
}

export function planGraph<Stage>(graph: Graph, target: Target<Stage>): Plan<Stage> {
  const byId = nodesById(graph);
  const weights = new Map<string, PlannedWeight>();
  const kernels: Kernel<Stage>[] = [];
  for (const node of graph.nodes) {
    if (node.kind !== "op") continue;
    const choice = choiceOf(node, target);
    if (choice !== "view") kernels.push({ node, choice, asked: nodeProblem(node, operandsOf(node, byId)) });
  }
  const stepOf = new Map(kernels.map(({ node }, i) => [node.id, i]));

  // Lifetimes: one for each value that a step writes or a run is given (a value written over another lives on in its place), then one for
  // each scratch buffer.
  const lifetimes: Lifetime[] = [];
  const lifetimeOf = new Map<number, number>();
  const lastUse = lastUses(graph, byId, stepOf, kernels.length);
  const rootIn = (id: number) => rootOf(byId.get(id)!, byId, stepOf);
  for (const node of graph.nodes) {
    if (node.kind === "constant" || (node.kind === "op" && !stepOf.has(node.id))) continue;
    const first = stepOf.get(node.id) ?? -1;
    const last = Math.max(first, lastUse.get(node.id) ?? first);
    const into = first >= 0 ? overwritten(kernels[first]!, rootIn, lastUse, first) : undefined;
    const known = into && lifetimeOf.get(into.id);
    lifetimeOf.set(node.id, known ?? lifetimes.length);
    if (known === undefined) lifetimes.push({ ...extent(node), first, last });
    else lifetimes[known] = { ...lifetimes[known]!, last };
  }
  const scratchOf = kernels.map(({ choice, asked }, i) =>
    choice
      .scratch(asked.problem)
      .map((elements) => lifetimes.push({ elements, repeat: asked.repeat, first: i, last: i }) - 1),
  );
  const { buffers, assignment } = planMemory(lifetimes);

  const sourceOf = (id: number): PlanSource => {
    const root = rootIn(id);
    if (root.kind === "constant") return { from: "weight", key: rawWeight(root, weights) };
    return { from: "buffer", id: assignment[lifetimeOf.get(root.id)!]! };
  };
  // Layers of one problem share their stages: who emits them does it once.
  const known = new Map<string, readonly Stage[]>();
  const stagesOf = (choice: Choice<Stage>, problem: object, layout: Layout): readonly Stage[] => {
    const key = JSON.stringify([choice.id, problem, layout]);
    const stages = known.get(key) ?? choice.stages(problem, layout);
    known.set(key, stages);
    return stages;
  };
  const steps = kernels.map(({ node, choice, asked }, i): Step<Stage> => {
    const operands = opOf(node.op).operands(node.attrs);
    return {
      ...{ node: node.name, covers: node.covers, op: node.op, variant: choice.id, reason: node.reason ?? "" },
      ...{ problem: asked.problem, repeat: asked.repeat },
      stages: stagesOf(choice, asked.problem, node.layout ?? "nchw"),
      inputs: node.inputs.map((id, k) => (operands[k]?.role === "weight" ? undefined : sourceOf(id))),
      output: assignment[lifetimeOf.get(node.id)!]!,
      weights: packWeights(node, choice, asked.problem, byId, weights),
      scratch: scratchOf[i]!.map((index) => assignment[index]!),
    };
  });
  const port = (name: string, node: GraphNode): PlanPort => ({
    ...{ name, shape: node.shape, batched: node.batched, source: sourceOf(node.id) },
  });
  const inputs = graph.nodes.filter((node) => node.kind === "input").map((node) => port(node.name, node));
  const outputs = graph.outputs.map(({ name, node }) => port(name, byId.get(node)!));
  return { steps, buffers, weights: [...weights.values()], inputs, outputs };
}

/** The value in whose place the step's output may be written: one of its size that its kernel allows and that nobody reads any more. */
function overwritten<Stage>(
  { node, choice, asked }: Kernel<Stage>,
  rootIn: (id: number) => GraphNode,
  lastUse: ReadonlyMap<number, number>,
  step: number,
): GraphNode | undefined {
  const operand = choice.overwrites(asked.problem);
  if (operand === undefined) return undefined;
  const roots = node.inputs.map(rootIn);
  const root = roots[operand]!;
  const [mine, its] = [extent(node), extent(root)];
  const free =
    root.kind !== "constant" && lastUse.get(root.id) === step && roots.filter((other) => other === root).length === 1;
  const same = mine.elements === its.elements && mine.repeat === its.repeat && mine.geometry === its.geometry;
  return free && same ? root : undefined;
}

/** Numbers of one repeat with their border, how often it repeats, and where they lie in it. */
function extent(node: GraphNode): Pick<Lifetime, "elements" | "repeat" | "geometry"> {
  const repeat: Repeat = node.batched ? "batch" : 1;
  const border = node.kind === "op" ? bordersOf(node.attrs).output : undefined;
  if (!border) return { elements: sizeOf(node.shape), repeat };
  const [images, channels, ...size] = node.shape as [number, number, number, number];
  const { height, width } = extentWithin(...size, border);
  return { elements: images * channels * height * width, repeat, geometry: JSON.stringify([node.shape, border]) };
}

/** The node whose bytes a view shows. */
function rootOf(node: GraphNode, byId: ReadonlyMap<number, GraphNode>, stepOf: ReadonlyMap<number, number>): GraphNode {
  let root = node;
  while (root.kind === "op" && !stepOf.has(root.id)) root = byId.get(root.inputs[0]!)!;
  return root;
}

/** The last step that reads each value, seen through views; what is an output is read after the last step. */
function lastUses(
  graph: Graph,
  byId: ReadonlyMap<number, GraphNode>,
  stepOf: ReadonlyMap<number, number>,
  end: number,
): Map<number, number> {
  const last = new Map<number, number>();
  const use = (id: number, step: number) => {
    const root = rootOf(byId.get(id)!, byId, stepOf).id;
    last.set(root, Math.max(step, last.get(root) ?? -1));
  };
  for (const node of graph.nodes) {
    const step = stepOf.get(node.id);
    if (node.kind === "op" && step !== undefined) for (const id of node.inputs) use(id, step);
  }
  for (const output of graph.outputs) use(output.node, end);
  return last;
}

function rawWeight(node: ConstantNode, weights: Map<string, PlannedWeight>): string {
  const key = node.name;
  weights.set(key, {
    ...{ key, sources: [node.constant], elements: sizeOf(node.shape) },
    write: ([data], out) => out.set(data!),
  });
  return key;
}

function packWeights<Stage>(
  node: OpNode,
  choice: Choice<Stage>,
  problem: object,
  byId: ReadonlyMap<number, GraphNode>,
  weights: Map<string, PlannedWeight>,
): string[] {
  return choice.constants(problem).map((packed, i) => {
    const sources = packed.operands.map((operand) => {
      const source = byId.get(node.inputs[operand]!);
      if (source?.kind !== "constant")
        throw new Error(`${node.name}: operand ${operand} of ${choice.id} is not a constant`);
      return source;
    });
    const { elements, recipe = "", write } = packed;
    if (sources.length === 0 && recipe === "")
      throw new Error(`${choice.id}: constant ${i} says by nothing which one it is`);
    const key = `${choice.id}[${i}](${[...sources.map((source) => source.name), recipe].join(", ")})×${elements}`;
    weights.set(key, { key, sources: sources.map((source) => source.constant), elements, write });
    return key;
  });
}
