/**
 * Chooses each node's kernel on a target: the first of its op's variants that accepts the problem and suits it, or the one that the caller
 * names. Variants see the layer's shape and what the device can do; never the batch: the same image gives the same bits whatever runs beside it.
 */
import { UnsupportedError } from "../../errors.ts";
import { opOf } from "../../kernels/table.ts";
import type { Choice, Target } from "../../kernels/target.ts";
import { type Graph, nodesById, type OpNode } from "../graph.ts";
import { nodeProblem, operandsOf } from "../node-problem.ts";
import { namedChoice, overridesByNode } from "./kernel-overrides.ts";

export interface ChooseOptions {
  /** Kernels by node (see kernel-overrides.ts), for tests, benchmarks and tuning. */
  readonly overrides?: ReadonlyMap<string, string>;
}

export function chooseVariants<Stage>(graph: Graph, target: Target<Stage>, options: ChooseOptions = {}): Graph {
  const byId = nodesById(graph);
  const asked = overridesByNode(graph, (node) => target.choices(opOf(node.op)) !== "view", options.overrides);
  const nodes = graph.nodes.map((node) => {
    if (node.kind !== "op") return node;
    const choices = target.choices(opOf(node.op));
    if (choices === "view") return node;
    const { problem } = nodeProblem(node, operandsOf(node, byId));
    const override = asked.get(node.id);
    if (!override) return { ...node, ...choose(node, problem, choices, target.kind) };
    const { id } = namedChoice(override, problem, choices, `${target.kind} ${node.op}`);
    return { ...node, variant: id, reason: "asked for" };
  });
  return { ...graph, nodes };
}

function choose<Stage>(
  node: OpNode,
  problem: object,
  choices: readonly Choice<Stage>[],
  kind: string,
): { variant: string; reason: string } {
  const passedOver: { sumOrder: string; because: string }[] = [];
  /** Why those before it were not taken, where they would have given other bits. */
  const reasonFor = ({ sumOrder }: Choice<Stage>) => {
    const others = passedOver.filter((other) => other.sumOrder !== sumOrder);
    return [...new Set(others.map(({ because }) => because))].join("; ");
  };
  const reasons: string[] = [];
  for (const choice of choices) {
    const verdict = choice.accepts(problem);
    const suitability = verdict === true ? choice.suits(problem) : { take: false, because: verdict };
    if (!suitability || suitability.take)
      return { variant: choice.id, reason: suitability?.because ?? reasonFor(choice) };
    passedOver.push({ sumOrder: choice.sumOrder, because: suitability.because });
    reasons.push(`${choice.id}: ${suitability.because}`);
  }
  throw new UnsupportedError(
    `${node.name}: no ${kind} kernel takes this ${node.op} (${reasons.join("; ") || "there is none"}); the device "reference" runs it`,
  );
}

/** The chosen kernel of a node on the target. */
export function choiceOf<Stage>(node: OpNode, target: Target<Stage>): Choice<Stage> | "view" {
  const choices = target.choices(opOf(node.op));
  if (choices === "view") return choices;
  const choice = choices.find((candidate) => candidate.id === node.variant);
  if (!choice) throw new Error(`${node.name}: choose-variants has not run, or for another target (${node.variant})`);
  return choice;
}
