/** Traces a module once into a graph: the batch is dimension 0, written 1; every node is named as torchvision's get_graph_node_names has it. */
import { buildGraphInSteps } from "../engine/build-graph.ts";
import { Tensor } from "../engine/tensor.ts";
import { OptionError, ShapeError } from "../errors.ts";
import { type Graph, nodeNames } from "../graph/graph.ts";
import { describeValue } from "../tensor/check-options.ts";
import { nearestNames } from "../tensor/nearest-names.ts";
import { createPacer } from "../tensor/pacer.ts";
import { isShape, type Shape } from "../tensor/shape.ts";
import { finish, finishInTurns, type Steps } from "../tensor/steps.ts";
import { callInSteps, type Module, namedModules, namedParameters } from "./module.ts";
import { traceInSteps } from "./scope.ts";

/** The input's name in the graph, which is torchvision's. */
export const inputName = "x";

/**
 * The graph of `module` for images of one shape, [C, H, W]; its only output is what forward returns. Weights are not read.
 * Throws ShapeError for a shape that is none, and where the network does not fit the images.
 */
export function trace(module: Module, imageShape: Shape): Graph {
  return finish(traceSteps(module, imageShape));
}

/** `trace` with turns for the event loop in between: a deep network takes tens of milliseconds. */
export function traceInTurns(module: Module, imageShape: Shape, signal?: AbortSignal): Promise<Graph> {
  return finishInTurns(traceSteps(module, imageShape), createPacer(signal));
}

function* traceSteps(module: Module, imageShape: Shape): Steps<Graph> {
  if (!Array.isArray(imageShape) || !isShape(imageShape) || imageShape.includes(0))
    throw new ShapeError(
      `trace: the images' shape is ${Array.isArray(imageShape) ? `[${imageShape.join(", ")}]` : describeValue(imageShape)}; ` +
        "expected whole numbers of at least 1, such as [3, 224, 224]",
    );
  const x = new Tensor([1, ...imageShape], { kind: "input", name: inputName }, { batched: true });
  const last = new Map<string, Tensor>();
  const paths = new Map([...namedModules(module)].map(([path, child]) => [child, path]));
  yield;
  const following = { paths, returned: (path: string, value: Tensor) => last.set(path, value) };
  const result = yield* traceInSteps(following, callInSteps(module, x));
  const constantNames = new Map([...namedParameters(module)].map(([name, parameter]) => [parameter, name]));
  yield;
  const graph = yield* buildGraphInSteps([result], { leaves: "constants", constantNames });
  const aliases = new Map<string, string>();
  const names = new Set(nodeNames(graph));
  for (const [path, value] of last) {
    const target = graph.nodeNames.get(value);
    if (target !== undefined && !names.has(path)) aliases.set(path, target);
  }
  return { ...graph, aliases };
}

/**
 * The same graph with other outputs: node names, or module names, which mean their last node. Each output is named as it was asked for.
 * Throws OptionError for a name that is not there, with those that are near it.
 */
export function withOutputs(graph: Graph, names: readonly string[]): Graph {
  const outputs = [...new Set(names)].map((name) => {
    const wanted = graph.aliases.get(name) ?? name;
    const node = graph.nodes.find((candidate) => candidate.kind !== "constant" && candidate.name === wanted);
    if (!node)
      throw new OptionError(
        `layer ${JSON.stringify(name)}: the network has no node of that name; ${suggest(graph, name)}`,
      );
    return { name, node: node.id };
  });
  return { ...graph, outputs };
}

/** Names near to the one that is not there, else those of the outermost modules. */
function suggest(graph: Graph, name: string): string {
  const all = [...nodeNames(graph), ...graph.aliases.keys()];
  const near = nearestNames(name, all, 6);
  if (near.length > 0) return `near it ${near.length === 1 ? "is" : "are"} ${near.join(", ")}`;
  const outer = all.filter((candidate) => !candidate.includes("."));
  return `there are ${outer.join(", ")} and those inside them`;
}
