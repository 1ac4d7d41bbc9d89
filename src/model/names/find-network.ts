/**
 * Finds the networks in a weight file, wherever they stand: at the top, below `module.` or `state_dict.model.`, beside an optimizer, or in
 * an ONNX graph; each with its tensors by torchvision's names. Nothing is read.
 */
import { WeightError } from "../../errors.ts";
import type { Constant, StateDict } from "../../tensor/host-tensor.ts";
import type { OnnxFile } from "../../weights/onnx/onnx.ts";
import { quoted } from "../../weights/weight-source.ts";
import { huggingFaceNames } from "./hugging-face-names.ts";
import type { NameScheme } from "./name-scheme.ts";
import { networkOfGraph } from "./onnx-names.ts";
import { torchvisionNames } from "./torchvision-names.ts";

/** A network in a file, as far as names tell. */
export interface FoundNetwork {
  /** Whose names the file has. */
  readonly owner: string;
  /** What stands before them: "" or ends with a dot. */
  readonly prefix: string;
  /** By torchvision's names; tensors that are no network's under their own whole name. */
  readonly tensors: ReadonlyMap<string, Constant>;
  /** Tensors that belong to training (an optimizer's state) or to another network in the file, and are passed over. */
  readonly passedOver: readonly string[];
  /** Prefixes of the other networks. */
  readonly others: readonly string[];
}

/** By names with these beginnings a training checkpoint keeps what is not the network. */
const trainingState =
  /^(optim|optimi[sz]ers?|optimi[sz]er_\w+|lr_?schedulers?|schedulers?|\w*_scheduler|scaler|grad_scaler|amp|amp_scaler|loss_scaler|(\w+_)?rng_states?|loops|callbacks)\./;

const schemes: readonly NameScheme[] = [torchvisionNames, huggingFaceNames];

/**
 * Every network that names tell of. `prefix`: only what is below it, whatever else there is. Throws WeightError where an ONNX graph is no ResNet,
 * or nothing is below the prefix.
 */
export async function findNetworks(state: StateDict, prefix?: string): Promise<FoundNetwork[]> {
  if (isOnnx(state)) {
    if (prefix !== undefined)
      throw new WeightError("weights-mismatch", `${state.source}: is an ONNX model, whose names have no prefix`);
    return [{ owner: "an ONNX graph", prefix: "", tensors: await networkOfGraph(state), passedOver: [], others: [] }];
  }
  const places = schemes.flatMap((scheme) => [...prefixesOf(scheme, state)].map((at) => ({ scheme, at })));
  const all = [...new Set(places.map(({ at }) => at))];
  const found = places
    .filter(({ at }) => prefix === undefined || at === prefix)
    .map(({ scheme, at }) => {
      const others = all.filter((other) => other !== at && !at.startsWith(other));
      return networkAt(state, scheme, at, others, prefix !== undefined);
    });
  if (prefix === undefined || found.length > 0) return found;
  const below = [...state.tensors.keys()].some((name) => name.startsWith(prefix));
  throw new WeightError(
    "weights-mismatch",
    `${state.source}: ${below ? "no ResNet's names are" : "nothing is"} below ${quoted(prefix)}` +
      (all.length > 0 ? `; there are networks below ${all.map(quoted).join(", ")}` : ""),
  );
}

export function isOnnx(state: StateDict): state is OnnxFile {
  return "graph" in state;
}

/** Where a scheme's networks begin. */
function prefixesOf({ anchors: [first, second] }: NameScheme, { tensors }: StateDict): Set<string> {
  const found = new Set<string>();
  for (const name of tensors.keys()) {
    if (!name.endsWith(first)) continue;
    const prefix = name.slice(0, name.length - first.length);
    if ((prefix === "" || prefix.endsWith(".")) && tensors.has(prefix + second))
      found.add(prefix.replace(/(^|\.)resnet\.$/, "$1"));
  }
  return found;
}

/** `alone`: whatever is not below the prefix is passed over. */
function networkAt(
  state: StateDict,
  scheme: NameScheme,
  prefix: string,
  others: readonly string[],
  alone: boolean,
): FoundNetwork {
  const tensors = new Map<string, Constant>();
  const passedOver: string[] = [];
  for (const [name, tensor] of state.tensors) {
    const isOthers = others.some((other) => name.startsWith(other));
    const isBelow = name.startsWith(prefix) && !isOthers;
    const renamed = isBelow ? scheme.rename(name.slice(prefix.length)) : undefined;
    if (!isBelow && (alone || isOthers || isTrainingState(name, tensor, prefix))) passedOver.push(name);
    // Two tensors of one name (two layers in a classifier) both keep their own.
    else if (renamed === undefined || tensors.has(renamed)) tensors.set(name, tensor);
    else tensors.set(renamed, tensor);
  }
  return { owner: scheme.owner, prefix, tensors, passedOver, others };
}

/** Whether a key of a checkpoint's metadata belongs to its training: `optimizer.param_groups.0.lr`. */
export function isTrainingKey(key: string): boolean {
  return trainingState.test(key);
}

/**
 * Only in a checkpoint, where the network has a place of its own: an optimizer's state, and single numbers (`best_acc1`; `model_ema.n_averaged`,
 * torch.optim.swa_utils' counter beside the averaged network).
 */
function isTrainingState(name: string, { shape }: Constant, prefix: string): boolean {
  if (prefix === "") return false;
  const isNumber = shape.every((dim) => dim === 1) && (!name.includes(".") || name.endsWith(".n_averaged"));
  return isNumber || trainingState.test(name);
}
