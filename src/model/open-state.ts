/** Finds a network's weights: the file in the package, pretrained ones by name (fetched where they are not in the cache), a file, a URL. */
import { packageAsset } from "#platform";
import { OptionError, WeightError } from "../errors.ts";
import { isHttp, shownUrl } from "../platform/http.ts";
import { describeValue } from "../tensor/check-options.ts";
import type { StateDict } from "../tensor/host-tensor.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { addressOf, isOffline, type NamedFile, openCached } from "../weights/download/cached-weights.ts";
import type { FetchOptions } from "../weights/download/fetch-options.ts";
import { openWeights } from "../weights/open-weights.ts";
import type { WeightSource } from "../weights/weight-source.ts";
import type { ModelName } from "./architectures.ts";
import { isWeightsEnum, type PretrainedFile, pretrained, pretrainedByEnum, pretrainedByFile } from "./pretrained.ts";

/** The network that lies in the package. */
const embedded: ReadonlyMap<ModelName, string> = new Map([["tiny", "tiny.safetensors"]]);

export interface StateOptions extends FetchOptions {
  readonly onNotice: (notice: string) => void;
}

/** Weights, and what the table knows of them where they are one of torchvision's files (by enum, or by the file's own name). */
export interface OpenState {
  readonly state: StateDict;
  readonly entry?: PretrainedFile;
}

/** Throws OptionError for what names no weights, WeightError where they cannot be had or read, the signal's reason. */
export async function openState(
  name: ModelName,
  weights: WeightSource | StateDict | undefined,
  options: StateOptions,
): Promise<OpenState> {
  checkFetchOptions(name, options);
  if (weights === null) throw new OptionError(`${name}: weights is null; leave it out, or name a file`);
  if (typeof weights === "object" && "tensors" in weights) {
    if (!(weights.tensors instanceof Map) || typeof weights.close !== "function")
      throw new OptionError(
        `${name}: weights is no state dict: tensors is ${describeValue(weights.tensors)}; openWeights() gives one`,
      );
    return { state: weights };
  }
  const asset = embedded.get(name);
  if (weights === undefined && asset !== undefined) return { state: await openWeights(await packageAsset(asset)) };
  if (weights === undefined || (typeof weights === "string" && isWeightsEnum(weights))) {
    const entry = weights === undefined ? pretrained[name][0]! : pretrainedByEnum(name, weights);
    return { state: await openPretrained(name, entry, options), entry };
  }
  const known = pretrainedByFile(fileNameOf(weights));
  const entry = known?.name === name ? known.entry : undefined;
  return { state: await openNamed(weights, options), ...(entry ? { entry } : {}) };
}

/** A pretrained file as the cache and its errors name it. */
export function namedFile(name: ModelName, entry: PretrainedFile): NamedFile {
  return { ...entry, title: `${name} ${entry.weights}` };
}

async function openPretrained(name: ModelName, entry: PretrainedFile, options: StateOptions): Promise<StateDict> {
  const source = await openCached(namedFile(name, entry), options);
  try {
    return await openWeights(source);
  } catch (error) {
    if (!(error instanceof WeightError)) throw error;
    const remedy = `residual weights verify ${entry.file} says whether it is whole, residual weights rm removes it`;
    throw new WeightError(error.code, `${error.message}; it lies in the cache: ${remedy}`, { cause: error });
  }
}

async function openNamed(weights: WeightSource, options: StateOptions): Promise<StateDict> {
  const { signal } = options;
  checkOnline(weights, options);
  const opening = openWeights(weights, { signal });
  try {
    return await untilAborted(opening, signal);
  } catch (error) {
    if (signal?.aborted) opening.then((state) => state.close()).catch(() => {}); // nobody waits for it any more
    throw asMissing(error, weights);
  }
}

/** Throws WeightError ("weights-missing") for an address where downloads are switched off. */
export function checkOnline(weights: WeightSource, options: FetchOptions): void {
  if (weights instanceof URL && isHttp(weights) && isOffline(options))
    throw new WeightError(
      "weights-missing",
      `${shownUrl(weights)}: is not fetched, since downloads are switched off (--offline, RESIDUAL_OFFLINE); name a file`,
    );
}

/** The error of a path where nothing is, with what would be right: it may have been meant as the name of pretrained weights. */
function asMissing(error: unknown, weights: WeightSource): unknown {
  const missing = error instanceof WeightError && error.code === "weights-missing" && typeof weights === "string";
  if (!missing) return error;
  const known = pretrainedByFile(fileNameOf(weights));
  const remedy = known
    ? `--model ${known.name} --weights ${known.entry.weights} downloads it`
    : "a weight file is expected (PyTorch's, safetensors, ONNX, or the index of several); the built-in --model tiny needs none";
  return new WeightError("weights-missing", `${error.message}; ${remedy}`, { cause: error });
}

function fileNameOf(weights: WeightSource): string {
  const path =
    typeof weights === "string"
      ? weights
      : weights instanceof URL
        ? weights.pathname
        : typeof weights === "object" && "name" in weights
          ? String(weights.name)
          : "";
  return path.split(/[/\\]/).at(-1)!;
}

function checkFetchOptions(name: ModelName, options: StateOptions): void {
  const { offline, onProgress, mirror } = options;
  if (offline !== undefined && typeof offline !== "boolean")
    throw new OptionError(`${name}: offline is ${describeValue(offline)}; expected true or false`);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw new OptionError(`${name}: onProgress is ${describeValue(onProgress)}; expected a function`);
  if (mirror !== undefined) addressOf("", options);
}
