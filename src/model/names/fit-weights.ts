/**
 * From a weight file to a network that its tensors fit, or to one message that says what does not: which of the networks in the file it is,
 * under whose names, with how many classes, and whether its batch norms are folded.
 */
import { WeightError } from "../../errors.ts";
import { compareStateDict, describeMisfit, type Misfit } from "../../nn/load-state-dict.ts";
import { namedParameters } from "../../nn/module.ts";
import type { ResNet } from "../../nn/resnet.ts";
import type { StateDict } from "../../tensor/host-tensor.ts";
import { nearestNames } from "../../tensor/nearest-names.ts";
import { nextTurn } from "../../tensor/pacer.ts";
import { sameShape } from "../../tensor/shape.ts";
import { quoted } from "../../weights/weight-source.ts";
import { createNetwork, type ModelName, modelNames } from "../architectures.ts";
import { type FoundNetwork, findNetworks } from "./find-network.ts";

/** Weights under torchvision's names, that fit the network beside them. */
export interface FittedWeights {
  readonly model: ModelName;
  readonly network: ResNet;
  /** The file's, with torchvision's names; `close` closes the file. */
  readonly state: StateDict;
  /** Outputs of the classifier; 0 where there is none. */
  readonly classes: number;
  readonly folded: boolean;
  readonly owner: string;
  readonly prefix: string;
  readonly passedOver: readonly string[];
  /** Prefixes of other networks in the file, which are passed over. */
  readonly others: readonly string[];
}

/**
 * The network in `state` that is a `model`, or, where none is named, any that is known. Throws WeightError ("weights-mismatch") with what does
 * not fit, or with the networks that there are where several do (`prefix` then picks one). Nothing is read, and `state` stays open.
 */
export async function fitWeights(
  state: StateDict,
  { model, prefix }: { readonly model?: ModelName; readonly prefix?: string } = {},
): Promise<FittedWeights> {
  const found = await findNetworks(state, prefix);
  await nextTurn();
  const candidates = model === undefined ? modelNames : [model];
  const fitted: FittedWeights[] = [];
  for (const network of found)
    for (const candidate of candidates) {
      const fit = await tryFit(candidate, network, state);
      if (isFit(fit.misfit)) {
        fitted.push(fit);
        break;
      }
    }
  const [first] = fitted;
  // At the top is the network itself; what stands below a name beside it is a copy.
  const only = fitted.find(({ prefix: at }) => at === "") ?? first;
  if (only && (fitted.length === 1 || only.prefix === "")) return only;
  if (only)
    throw new WeightError(
      "weights-mismatch",
      `${state.source}: holds ${fitted.length} networks that fit, below ${fitted.map((one) => quoted(one.prefix)).join(", ")}: ` +
        `write the one that you want into a file of its own, residual convert --prefix ${only.prefix} IN OUT`,
    );
  throw await misfitOf(state, found, model);
}

interface Fit extends FittedWeights {
  readonly misfit: Misfit;
}

/** With turns of the event loop: a network takes some milliseconds to build, and to compare. */
async function tryFit(model: ModelName, found: FoundNetwork, state: StateDict): Promise<Fit> {
  const { owner, prefix, tensors, passedOver, others } = found;
  const classes = tensors.get("fc.weight")?.shape[0] ?? 0;
  const folded = tensors.has("conv1.bias") && !tensors.has("bn1.weight");
  const network = createNetwork(model, classes, folded);
  await nextTurn();
  const named: StateDict = { tensors, metadata: state.metadata, source: state.source, close: () => state.close() };
  const misfit = compareStateDict(network, named);
  await nextTurn();
  return { model, network, state: named, classes, folded, owner, prefix, passedOver, others, misfit };
}

function isFit(misfit: Misfit): boolean {
  return sizeOf(misfit) === 0;
}

/** Whether the network is there, whatever else is. */
function isWhole({ missing, misshapen }: Misfit): boolean {
  return missing.length + misshapen.length === 0;
}

function sizeOf({ missing, unexpected, misshapen }: Misfit): number {
  return missing.length + unexpected.length + misshapen.length;
}

/** What is said where nothing fits: the differences from the network asked for, or from the nearest, and which network it looks like. */
async function misfitOf(
  state: StateDict,
  found: readonly FoundNetwork[],
  model: ModelName | undefined,
): Promise<WeightError> {
  if (state.tensors.size === 0)
    return new WeightError("weights-mismatch", `${state.source}: holds no tensors; weights are expected`);
  // Nothing was recognised: what is there is compared as it is.
  const networks =
    found.length > 0
      ? found
      : [{ owner: "torchvision", prefix: "", tensors: state.tensors, passedOver: [], others: [] }];
  const all: Fit[] = [];
  for (const one of networks) for (const name of modelNames) all.push(await tryFit(name, one, state));
  const nearest = all.reduce((best, one) => (sizeOf(one.misfit) < sizeOf(best.misfit) ? one : best));
  const own = all.filter((one) => one.model === model);
  const asked =
    own.length > 0 ? own.reduce((best, one) => (sizeOf(one.misfit) < sizeOf(best.misfit) ? one : best)) : nearest;
  const { misfit, owner, prefix, network } = asked;
  const place = prefix === "" ? "" : ` (below ${quoted(prefix)})`;
  const translated = owner === "torchvision" ? "" : ` (${owner}'s names as torchvision's)`;
  const target = model ?? `any network (the nearest is ${asked.model})`;
  const error = (hint: string) =>
    new WeightError(
      "weights-mismatch",
      `${state.source} does not fit ${target}${place}${translated}: ${describeMisfit(misfit)}${hint}`,
    );
  if (isFit(nearest.misfit)) {
    const depth = nearest.model.match(/^resnet(\d+)$/)?.[1];
    const remedy = depth ? `--depth ${depth}` : `--model ${nearest.model}`;
    return error(`: it looks like a ${nearest.model}: try ${remedy} (openModel({ model: "${nearest.model}" }))`);
  }
  if (prefix !== "" && isWhole(misfit)) {
    const others = all.filter((one) => one.model === asked.model && one.prefix !== prefix && isWhole(one.misfit));
    const also =
      others.length > 0 ? `, and there is another below ${others.map((one) => quoted(one.prefix)).join(", ")}` : "";
    return error(`: residual convert --prefix ${prefix} IN OUT writes the network alone${also}`);
  }
  const parameters = namedParameters(network);
  const [missing] = misfit.missing;
  const shape = missing === undefined ? [] : (parameters.get(missing)?.shape ?? []);
  const alike = misfit.unexpected.filter((name) => sameShape(asked.state.tensors.get(name)?.shape ?? [], shape));
  const near = missing === undefined ? [] : nearestNames(missing, alike, 1);
  if (near.length > 0) return error(`: is ${quoted(near[0]!)} the missing ${missing}?`);
  if (nearest.model !== asked.model && sizeOf(nearest.misfit) < parameters.size / 10)
    return error(`: the nearest network is ${nearest.model}, with ${describeMisfit(nearest.misfit)}`);
  return error("");
}
