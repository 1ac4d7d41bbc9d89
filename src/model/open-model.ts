/** Opens models: finds the weights, builds the network for them, checks that they fit, and puts it on a device. */
import { processors } from "#platform";
import { type BackendOptions, checkBackendOptions } from "../backends/select.ts";
import { Engine } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import { checkPreset, type Preset, presets } from "../image/preset.ts";
import type { OptimizeFor } from "../kernels/op.ts";
import { loadStateDict } from "../nn/load-state-dict.ts";
import { traceInTurns } from "../nn/trace.ts";
import { workerPool } from "../platform/worker-pool.ts";
import { checkOptions, checkSignal, describeValue, isPlainObject } from "../tensor/check-options.ts";
import type { StateDict } from "../tensor/host-tensor.ts";
import { nextTurn } from "../tensor/pacer.ts";
import type { FetchOptions } from "../weights/download/fetch-options.ts";
import type { WeightSource } from "../weights/weight-source.ts";
import { type ModelName, modelOfName } from "./architectures.ts";
import { defaultLayer, layerNames, Model, type ModelDevice, type ModelInfo } from "./model.ts";
import { NetworkRunner } from "./network-runner.ts";
import { openState } from "./open-state.ts";
import { defaultPreset, prepareWeights } from "./prepare-weights.ts";
import { pretrainedLicence } from "./pretrained.ts";

/** Weights, device and preprocessing of a model. */
export interface OpenOptions extends BackendOptions, FetchOptions {
  /**
   * torchvision's name of pretrained weights (`IMAGENET1K_V1`, which is taken where none are named; `ResNet50_Weights.IMAGENET1K_V2`;
   * `DEFAULT`, torchvision's: the latest), which are downloaded where they are not in the cache; a weight file (path, URL object, also of
   * https:, bytes or Blob): PyTorch's, safetensors, the index of several, ONNX; with torchvision's, timm's or Hugging Face's names, batch
   * norms folded or not; or a state dict that is open already (the model closes it). tiny needs none: it lies in the package.
   * Tensors are read when they are first needed: bytes and files must stay as they are while the model is open.
   */
  readonly weights?: WeightSource | StateDict;
  /** The preprocessing; unless told what the weights' file says, else what belongs to torchvision's file. */
  readonly preset?: Preset;
  /**
   * What kernels are chosen for: `latency` unless told, however many images there are. `throughput` suits large batches; its vectors
   * differ in the last bits.
   */
  readonly optimizeFor?: OptimizeFor;
  /** Kernels by node, in place of those that the rule chooses: `{ "layer1.0.conv1": "direct" }`. Vectors may differ in the last bits. */
  readonly kernels?: Readonly<Record<string, string>>;
  /**
   * Told what cannot be had as it was asked for (threads, where memory cannot be shared), and what holds a download up (another process at
   * it, another try, a new beginning). Unless given, console.warn says each once.
   */
  readonly onWarning?: (warning: string) => void;
  readonly signal?: AbortSignal;
}

const openKeys = [
  ...["weights", "device", "threads", "simd", "optimizeFor", "kernels", "preset", "onWarning", "signal"],
  ...["onProgress", "offline", "mirror"],
];

/**
 * Opens a network by name. Throws OptionError for an unknown name or device, WeightError where the weights cannot be had, read, or do
 * not fit (the message lists what), DeviceError where the device cannot be had, the signal's reason when aborted. Nothing stays open
 * after an error.
 */
export async function openModel(options: OpenOptions & { readonly model: string }): Promise<Model> {
  checkOptions("openModel", options, ["model", ...openKeys], {
    needed: ["model"],
    hint: ': openModel({ model: "tiny" })',
  });
  checkSignal("openModel", options.signal);
  const { runner, info, device, labels } = await openNetwork(options);
  return new Model(runner, info, device, labels);
}

/** What a model is made of. */
export interface OpenNetwork {
  readonly engine: Engine;
  readonly runner: NetworkRunner;
  readonly info: ModelInfo;
  readonly device: ModelDevice;
  readonly labels: readonly string[] | undefined;
}

/**
 * openModel without the model: for those who run the network itself. Options are checked, but not whether there are others.
 * `openEngine`: for tools, another engine than the options'.
 */
export async function openNetwork(
  options: OpenOptions & { readonly model: string },
  openEngine: () => Promise<Engine> = () => Engine.open(options),
): Promise<OpenNetwork> {
  const name = modelOfName(options.model);
  const { signal } = options;
  if (options.preset !== undefined) checkPreset(options.preset);
  checkBackendOptions("openModel", options);
  checkChoice(options);
  signal?.throwIfAborted();
  const { onProgress, offline, mirror } = options;
  const onNotice = (notice: string): void => warn(notice, options.onWarning);
  const { state, entry } = await openState(name, options.weights, { onProgress, offline, mirror, signal, onNotice });
  let engine: Engine | undefined;
  try {
    signal?.throwIfAborted();
    await nextTurn(); // here and below: each of these takes some milliseconds
    const weights = await prepareWeights(state, { model: name });
    const { network, classes, labels } = weights;
    await nextTurn();
    loadStateDict(network, weights.state, name);
    const known = entry ? presets[entry.preset] : weights.preset;
    const preset = options.preset ?? known ?? defaultPreset(name);
    const ofPreset = options.preset === undefined && !entry ? weights.presetNotes : [];
    for (const note of [...weights.notes, ...ofPreset]) warn(note, options.onWarning);
    await nextTurn();
    const graph = await traceInTurns(network, [3, preset.crop, preset.crop], signal);
    await nextTurn();
    engine = await openEngine();
    warn(engine.info.warning, options.onWarning);
    signal?.throwIfAborted();
    const close = (): Promise<void> => {
      workerPool.release();
      return state.close();
    };
    const { optimizeFor, kernels = {} } = options;
    const overrides = new Map(Object.entries(kernels));
    const runner = new NetworkRunner(engine, graph, close, { optimizeFor, overrides });
    const device = { ...engine.info, ...(engine.reason === undefined ? {} : { reason: engine.reason }) };
    const licence = state.metadata.get("licence") ?? state.metadata.get("license") ?? (entry && pretrainedLicence);
    const info = {
      ...{ name, weights: state.source, ...(licence === undefined ? {} : { licence }), preset },
      ...{ features: network.features, classes, nodeNames: layerNames(runner) },
    };
    workerPool.acquire(options.threads ?? processors()); // it decodes, whatever the device; released by `close`
    // What is asked of kernels is better refused now than at the first image.
    if (overrides.size > 0 || (optimizeFor === "throughput" && engine.info.device === "reference"))
      await runner.prepare(classes > 0 ? [defaultLayer, "fc"] : [defaultLayer], 1, signal).catch((error) => {
        runner.dispose();
        throw error;
      });
    return { engine, runner, info, device, labels };
  } catch (error) {
    engine?.dispose();
    await state.close();
    throw error;
  }
}

function checkChoice({ optimizeFor, kernels, onWarning }: OpenOptions): void {
  if (optimizeFor !== undefined && optimizeFor !== "latency" && optimizeFor !== "throughput")
    throw new OptionError(`openModel: optimizeFor is ${describeValue(optimizeFor)}; use "latency" or "throughput"`);
  if (kernels !== undefined) checkKernels(kernels);
  if (onWarning !== undefined && typeof onWarning !== "function")
    throw new OptionError(`openModel: onWarning is ${describeValue(onWarning)}; expected a function`);
}

function checkKernels(kernels: object): void {
  const example = 'kernels\' names by node, such as { "layer1.0.conv1": "direct" }';
  if (!isPlainObject(kernels))
    throw new OptionError(`openModel: kernels is ${describeValue(kernels)}; expected an object of ${example}`);
  for (const [node, kernel] of Object.entries(kernels))
    if (typeof kernel !== "string")
      throw new OptionError(`openModel: kernels has ${describeValue(kernel)} for ${node}; expected ${example}`);
}

const warned = new Set<string>();

function warn(warning: string | undefined, onWarning: OpenOptions["onWarning"]): void {
  if (warning === undefined) return;
  if (onWarning) onWarning(warning);
  else if (!warned.has(warning)) console.warn(`residual: ${warning}`);
  warned.add(warning);
}

/** Opens a network of a fixed name: what `resnet50({ weights })` is. */
function opener(model: ModelName): (options?: OpenOptions) => Promise<Model> {
  return async (options = {}) => {
    checkOptions(model, options, [...openKeys, "model"]);
    if ("model" in options) throw new OptionError(`${model}: the option model belongs to openModel`);
    return openModel({ ...options, model });
  };
}

/** Opens torchvision's resnet18: `openModel({ model: "resnet18", … })`. Throws as openModel. */
export const resnet18 = opener("resnet18");
/** Opens torchvision's resnet34: `openModel({ model: "resnet34", … })`. Throws as openModel. */
export const resnet34 = opener("resnet34");
/** Opens torchvision's resnet50: `openModel({ model: "resnet50", … })`. Throws as openModel. */
export const resnet50 = opener("resnet50");
/** Opens torchvision's resnet101: `openModel({ model: "resnet101", … })`. Throws as openModel. */
export const resnet101 = opener("resnet101");
/** Opens torchvision's resnet152: `openModel({ model: "resnet152", … })`. Throws as openModel. */
export const resnet152 = opener("resnet152");
