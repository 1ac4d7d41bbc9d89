/**
 * Kernels that a caller names for nodes: `layer1.0.conv1` → `winograd-2x2`. A node is named as in torchvision, by any of the nodes that it
 * computes (a fused convolution answers to its conv, bn, add and relu). A kernel is named by its id, or by the word for its way: the same
 * word finds the variant that fits the node and the engine.
 */
import { OptionError } from "../../errors.ts";
import type { Choice } from "../../kernels/target.ts";
import { nearestNames } from "../../tensor/nearest-names.ts";
import type { Graph, OpNode } from "../graph.ts";

/** What is asked of one node. */
export interface KernelOverride {
  /** As the caller wrote them. */
  readonly node: string;
  readonly kernel: string;
}

/** What is asked of each node, by its id. Throws OptionError for a name that no node answers to, and where one node is asked for two. */
export function overridesByNode(
  graph: Graph,
  runsKernel: (node: OpNode) => boolean,
  overrides: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<number, KernelOverride> {
  const nodes = graph.nodes.filter((node): node is OpNode => node.kind === "op" && runsKernel(node));
  const asked = new Map<number, KernelOverride>();
  for (const [name, kernel] of overrides) {
    const named = nodes.filter((node) => node.name === name || node.covers.includes(name));
    if (named.length === 0) throw new OptionError(`kernel for ${name}: ${unknownNode(name, nodes)}`);
    for (const { id, name: of } of named) {
      const other = asked.get(id);
      if (other && other.kernel !== kernel)
        throw new OptionError(
          `kernel for ${name}: ${kernel} is asked for, and for ${other.node} ${other.kernel}, but both are one step (${of})`,
        );
      asked.set(id, { node: name, kernel });
    }
  }
  return asked;
}

function unknownNode(wanted: string, nodes: readonly OpNode[]): string {
  const names = [...new Set(nodes.flatMap(({ name, covers }) => [...covers, name]))];
  const nearest = nearestNames(wanted, names, 3);
  const some = names.length > 8 ? [...names.slice(0, 8), `… ${names.length} in all`] : names;
  const hint = nearest.length > 0 ? `did you mean ${nearest.join(" or ")}?` : `there are ${some.join(", ")}`;
  return `no node of that name runs a kernel; ${hint}`;
}

/** The words for a kernel besides its id: `winograd-2x2` for `conv2d.wasm-winograd-2x2-fused`, and its way's where it has one. */
export function kernelWords({ id, way }: Pick<Choice<unknown>, "id" | "way">): string[] {
  const [, backend = "", word] = /\.(\w+)-?(.*?)(?:-fused)?$/.exec(id) ?? [];
  return [...new Set([...(way ? [way] : []), word || backend])];
}

/** The choice that the caller asks for. Throws OptionError where there is none, with what there is for this node and why not others. */
export function namedChoice<Stage>(
  { node, kernel }: KernelOverride,
  problem: object,
  choices: readonly Choice<Stage>[],
  what: string,
): Choice<Stage> {
  const named = choices.filter((choice) => choice.id === kernel || kernelWords(choice).includes(kernel));
  const found = named.find((choice) => choice.accepts(problem) === true);
  if (found) return found;
  const why =
    named.length === 0
      ? `there is no ${what} kernel ${kernel}`
      : `the kernel ${kernel} does not take this shape: ${refusals(named, problem)}`;
  throw new OptionError(`kernel for ${node}: ${why}; ${offers(choices, problem)}`);
}

function refusals(choices: readonly Choice<unknown>[], problem: object): string {
  return [...new Set(choices.map((choice) => choice.accepts(problem)))].join(", ");
}

/** Each kernel by its words, those that take the problem with their id, the others with their reasons. */
function offers(choices: readonly Choice<unknown>[], problem: object): string {
  const byWord = new Map<string, Choice<unknown>[]>();
  for (const choice of choices) {
    const word = kernelWords(choice).at(-1)!;
    byWord.set(word, [...(byWord.get(word) ?? []), choice]);
  }
  const there: string[] = [];
  const not: string[] = [];
  for (const [word, list] of byWord) {
    const taken = list.find((choice) => choice.accepts(problem) === true);
    if (taken) there.push(`${kernelWords(taken).join(" or ")} (${taken.id})`);
    else not.push(`${word} (${refusals(list, problem)})`);
  }
  const parts = [`here there ${there.length === 1 ? "is" : "are"} ${there.join(", ") || "none"}`];
  if (not.length > 0) parts.push(`but not ${not.join(", ")}`);
  return parts.join(", ");
}
