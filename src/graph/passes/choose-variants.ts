/**
 * Chooses each node's kernel on a target: the first of its op's variants that accepts the problem and suits it, or the one that the caller
 * names. Variants see the layer's shape and what the device can do; never the batch: the same image gives the same bits whatever runs beside it.
 */
import { OptionError, UnsupportedError } from "../../errors.ts";
import { opOf } from "../../kernels/table.ts";
import type { Choice, Target } from "../../kernels/target.ts";
import { type Graph, nodesById, type OpNode } from "../graph.ts";
import { nodeProblem, operandsOf } from "../node-problem.ts";

export interface ChooseOptions {
  /** Kernel ids by node name, for tests, benchmarks and tuning. Each must be a variant of the node's op that accepts it. */
  readonly overrides?: ReadonlyMap<string, string>;
}

export function chooseVariants<Stage>(graph: Graph, target: Target<Stage>, options: ChooseOptions = {}): Graph {
  const byId = nodesById(graph);
  const unused = new Set(options.overrides?.keys());
  const nodes = graph.nodes.map((node) => {
    if (node.kind !== "op") return node;
    const choices = target.choices(opOf(node.op));
    if (choices === "view") return node;
    const { problem } = nodeProblem(node, operandsOf(node, byId));
    unused.delete(node.name);
    return { ...node, ...choose(node, problem, choices, target.kind, options.overrides?.get(node.name)) };
  });
  if (unused.size > 0)
    throw new OptionError(
      `kernel overrides for ${[...unused].join(", ")}: there is no node of that name that runs a kernel`,
    );
  return { ...graph, nodes };
}

function choose<Stage>(
  node: OpNode,
  problem: object,
  choices: readonly Choice<Stage>[],
  kind: string,
  wanted: string | undefined,
): { variant: string; reason: string } {
  const ids = choices.map((choice) => choice.id).join(", ");
  if (wanted !== undefined) {
    const choice = choices.find((candidate) => candidate.id === wanted);
    if (!choice) throw new OptionError(`${node.name}: ${node.op} has no ${kind} kernel ${wanted}; it has ${ids}`);
    const verdict = choice.accepts(problem);
    if (verdict !== true)
      throw new OptionError(`${node.name}: the kernel ${wanted} does not take this shape: ${verdict}`);
    return { variant: choice.id, reason: "asked for" };
  }
  const passedOver = new Set<string>();
  const reasons: string[] = [];
  for (const choice of choices) {
    const verdict = choice.accepts(problem);
    const suitability = verdict === true ? choice.suits(problem) : { take: false, because: verdict };
    if (!suitability || suitability.take)
      return { variant: choice.id, reason: suitability?.because ?? [...passedOver].join("; ") };
    passedOver.add(suitability.because);
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
