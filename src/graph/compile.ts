/**
 * From a traced graph to a plan: the passes in their order, then the plan. Backends that run kernels call this; the reference backend
 * walks the traced graph and never comes here.
 */
import type { Target } from "../kernels/target.ts";
import { formatGraph, type Graph, nodeNames, pruneGraph } from "./graph.ts";
import { assignBorders } from "./passes/assign-borders.ts";
import { assignLayout } from "./passes/assign-layout.ts";
import { type ChooseOptions, chooseVariants } from "./passes/choose-variants.ts";
import { foldBatchNorm } from "./passes/fold-batch-norm.ts";
import { fuseEpilogue } from "./passes/fuse-epilogue.ts";
import { formatPlan, type Plan } from "./plan.ts";
import { planGraph } from "./plan-graph.ts";

/** The graph after each pass, by the pass's name, for those who want to look. */
export interface Compiled<Stage> {
  readonly passes: readonly { readonly name: string; readonly graph: Graph }[];
  readonly plan: Plan<Stage>;
}

export function compileGraph<Stage>(
  traced: Graph,
  target: Target<Stage>,
  options: ChooseOptions = {},
): Compiled<Stage> {
  const folded = foldBatchNorm(traced);
  const fused = fuseEpilogue(folded);
  // Only now: what the outputs need must not have had a say in what is fused.
  const needed = pruneGraph(fused);
  const chosen = chooseVariants(needed, target, {
    ...options,
    overrides: neededOverrides(options.overrides, traced, needed),
  });
  const laidOut = assignLayout(chosen, target);
  const bordered = assignBorders(laidOut, target);
  return {
    passes: [
      { name: "traced", graph: traced },
      { name: "fold-batch-norm", graph: folded },
      { name: "fuse-epilogue", graph: fused },
      { name: "choose-variants", graph: chosen },
      { name: "assign-layout", graph: laidOut },
      { name: "assign-borders", graph: bordered },
    ],
    plan: planGraph(bordered, target),
  };
}

/** Without those of nodes that the network has and these outputs do not need. What names no node of the network stays, to be refused. */
function neededOverrides(
  overrides: ChooseOptions["overrides"],
  traced: Graph,
  needed: Graph,
): ChooseOptions["overrides"] {
  if (!overrides) return undefined;
  const all = new Set(nodeNames(traced));
  const left = new Set(
    needed.nodes.flatMap((node) => (node.kind === "op" ? [node.name, ...node.covers] : [node.name])),
  );
  return new Map([...overrides].filter(([name]) => left.has(name) || !all.has(name)));
}

/** The graph as it was traced, after each pass that changed it, and the plan, as text. */
export function formatCompiled({ passes, plan }: Compiled<unknown>): string {
  let before = "";
  const parts: string[] = [];
  for (const { name, graph } of passes) {
    const text = formatGraph(name === "traced" ? graph : pruneGraph(graph));
    parts.push(`${name}:\n${text === before ? "as before" : text}`);
    before = text;
  }
  return [...parts, `plan:\n${formatPlan(plan)}`].join("\n\n");
}
