/**
 * From a traced graph to a plan: the passes in their order, then the plan. Backends that run kernels call this; the reference backend
 * walks the traced graph and never comes here.
 */
import type { Target } from "../kernels/target.ts";
import { formatGraph, type Graph, pruneGraph } from "./graph.ts";
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
  const chosen = chooseVariants(pruneGraph(fused), target, options);
  const laidOut = assignLayout(chosen, target);
  return {
    passes: [
      { name: "traced", graph: traced },
      { name: "fold-batch-norm", graph: folded },
      { name: "fuse-epilogue", graph: fused },
      { name: "choose-variants", graph: chosen },
      { name: "assign-layout", graph: laidOut },
    ],
    plan: planGraph(laidOut, target),
  };
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
