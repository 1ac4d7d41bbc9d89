/**
 * What a weight file is to a network: its tensors by torchvision's names, how pictures are prepared for it, and what its classes are called.
 * Shared by those who open models and by those who convert files.
 */
import { type Preset, presetFromMetadata, presets } from "../image/preset.ts";
import type { StateDict } from "../tensor/host-tensor.ts";
import type { ModelName } from "./architectures.ts";
import { readBesideWeights } from "./names/beside-weights.ts";
import { labelsFromMetadata } from "./names/class-labels.ts";
import { type FittedWeights, fitWeights } from "./names/fit-weights.ts";
import { pretrained, pretrainedByFile } from "./pretrained.ts";

export interface PreparedWeights extends FittedWeights {
  /** What the file, or a file beside it, says of preprocessing; undefined where nothing does. */
  readonly preset: Preset | undefined;
  /** Names of the classes, in their order. */
  readonly labels: readonly string[] | undefined;
  /** What the user should know of the network and its classes. */
  readonly notes: readonly string[];
  /** What the user should know of its preprocessing, unless that is given. */
  readonly presetNotes: readonly string[];
}

/** Throws WeightError where nothing in the file fits, or what it says of itself cannot be. `state` stays open. */
export async function prepareWeights(
  state: StateDict,
  options: { readonly model?: ModelName; readonly prefix?: string } = {},
): Promise<PreparedWeights> {
  const fitted = await fitWeights(state, options);
  const own = presetFromMetadata(state.metadata, state.source);
  const labels = labelsFromMetadata(state.metadata, fitted.classes, state.source);
  const beside = await readBesideWeights(state, fitted);
  const passed = fitted.others.map((other) => JSON.stringify(other)).join(", ");
  const others =
    passed === "" || options.prefix !== undefined
      ? []
      : [
          `${state.source}: the network below ${JSON.stringify(fitted.prefix)} is taken, and what is below ${passed} is not`,
        ];
  return {
    ...fitted,
    preset: own ?? beside.preset ?? presetOfFile(state.source),
    labels: labels ?? beside.labels,
    notes: [...others, ...beside.notes],
    presetNotes: own ? [] : beside.presetNotes,
  };
}

/** The preset of a model whose weights say nothing: that of torchvision's first file. */
export function defaultPreset(model: ModelName): Preset {
  return presets[pretrained[model][0]?.preset ?? "torchvision-v1"];
}

/** torchvision's own files are known by their names, which end in their hash; a conversion may have kept that. */
function presetOfFile(source: string): Preset | undefined {
  const name = source.split(/[/\\]/).at(-1) ?? "";
  const known = pretrainedByFile(name.replace(/\.\w+$/, ".pth"));
  return known && presets[known.entry.preset];
}
