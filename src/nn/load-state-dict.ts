/** Puts a weight file's tensors into a network, by name, or says in one message what does not fit. */
import { WeightError } from "../errors.ts";
import type { StateDict } from "../tensor/host-tensor.ts";
import { formatShape, type Shape, sameShape } from "../tensor/shape.ts";
import { type Module, namedParameters } from "./module.ts";

/** How a state dict and a network differ, by names; shapes where only those do. */
export interface Misfit {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshapen: readonly { readonly name: string; readonly actual: Shape; readonly expected: Shape }[];
}

/** What of a state dict does not fit a network; all lists empty where everything does. Optional buffers may be missing. */
export function compareStateDict(module: Module, state: StateDict): Misfit {
  const parameters = namedParameters(module);
  const misshapen: { name: string; actual: Shape; expected: Shape }[] = [];
  for (const [name, parameter] of parameters) {
    const tensor = state.tensors.get(name);
    if (tensor && !sameShape(tensor.shape, parameter.shape))
      misshapen.push({ name, actual: tensor.shape, expected: parameter.shape });
  }
  return {
    missing: [...parameters]
      .filter(([name, { optional }]) => !optional && !state.tensors.has(name))
      .map(([name]) => name),
    unexpected: [...state.tensors.keys()].filter((name) => !parameters.has(name)),
    misshapen,
  };
}

/**
 * Loads every parameter of `module` from `state`; nothing is read yet. Throws WeightError, and loads nothing, when tensors are missing,
 * unexpected or of another shape; the message lists them (`what` names the network).
 */
export function loadStateDict(module: Module, state: StateDict, what = "the network"): void {
  const misfit = compareStateDict(module, state);
  const { missing, unexpected, misshapen } = misfit;
  if (missing.length + unexpected.length + misshapen.length > 0)
    throw new WeightError("weights-mismatch", `${state.source} does not fit ${what}: ${describeMisfit(misfit)}`);
  for (const [name, parameter] of namedParameters(module)) {
    const tensor = state.tensors.get(name);
    if (tensor) parameter.load(tensor);
  }
}

/** As an error shows it: `165 tensors missing (layer1.0.conv3.weight, …), 24 of another shape (… is 64×64×3×3, expected …)`. */
export function describeMisfit({ missing, unexpected, misshapen }: Misfit): string {
  const parts: string[] = [];
  const count = (n: number) => `${n} tensor${n === 1 ? "" : "s"}`;
  const some = (names: readonly string[]) => `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;
  if (missing.length > 0) parts.push(`${count(missing.length)} missing (${some(missing)})`);
  if (unexpected.length > 0) parts.push(`${count(unexpected.length)} unexpected (${some(unexpected)})`);
  const [first] = misshapen;
  if (first)
    parts.push(
      `${count(misshapen.length)} of another shape (${first.name} is ${formatShape(first.actual)}, expected ${formatShape(first.expected)}` +
        `${misshapen.length > 1 ? ", …" : ""})`,
    );
  return parts.join(", ");
}
