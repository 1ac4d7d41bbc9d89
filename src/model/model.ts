/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A model: a network with its weights on a device, and the preprocessing that belongs to the weights. Images in, vectors out.
 */
import type { DeviceInfo } from "../backends/backend.ts";
import { OptionError, ShapeError } from "../errors.ts";
import { nodeNames } from "../graph/graph.ts";
import type { Preset } from "../image/preset.ts";
import { checkOptions, checkSignal, describeValue } from "../tensor/check-options.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { copyInTurns, createPacer } from "../tensor/pacer.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { type Classification, likeliest } from "./classification.ts";
import { decodeInPool } from "./decode-in-pool.ts";
import { finiteError } from "./finite.ts";
import { type ImageSource, nameOf, type ReadImageOptions } from "./image-source.ts";
import type { NetworkRunner } from "./network-runner.ts";
import { checkPooling, type Normalize, normalizeL2, type Pool, poolVector } from "./pooling.ts";

/** What a model runs on. */
export interface ModelDevice extends DeviceInfo {
  /** Why `auto` took it; absent where it was named. */
  readonly reason?: string;
}

/** Facts of a model: what it is, where its weights come from, what its vectors are. */
export interface ModelInfo {
  /** `resnet50`, `tiny`, … */
  readonly name: string;
  /** The file that the weights came from. */
  readonly weights: string;
  readonly licence?: string;
  readonly preset: Preset;
  /** Numbers of a vector of the default layer. */
  readonly features: number;
  /** Outputs of the classifier; 0 where the weights have none. */
  readonly classes: number;
  /** Every name that `layer` may be: torchvision's node names, and modules, which mean their last node. */
  readonly nodeNames: readonly string[];
}

/** Which layer an image's vector is of, and how it is made one. */
export interface FeatureOptions {
  /** A node: the penultimate layer, `avgpool`, unless told. */
  readonly layer?: string;
  /** How a map becomes a vector: `avg` unless told. Layers that are vectors already are left as they are. */
  readonly pool?: Pool;
  readonly normalize?: Normalize;
  /** Turn the picture as its EXIF data says. */
  readonly exif?: boolean;
  readonly signal?: AbortSignal;
}

/** An image's vector, and what it was computed on. */
export interface Features {
  readonly vector: Float32Array;
  readonly device: ModelDevice["device"];
}

/** An image's vectors at several layers, from one run. */
export interface LayerFeatures {
  /** By the names asked for. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly device: ModelDevice["device"];
}

/** The layer whose output is the vector, unless told. */
export const defaultLayer = "avgpool";

/** A network that is open on a device. Calls may overlap: runs go one after another. `dispose()` it, or declare it by `using`. */
export class Model {
  readonly info: ModelInfo;
  readonly device: ModelDevice;
  private readonly runner: NetworkRunner;
  /** Names of the classifier's classes, where the weights carry them. */
  readonly labels: readonly string[] | undefined;

  /** Models are opened by openModel, resnet50 and its like. */
  constructor(runner: NetworkRunner, info: ModelInfo, device: ModelDevice, labels?: readonly string[]) {
    this.runner = runner;
    this.info = info;
    this.device = device;
    this.labels = labels;
  }

  /**
   * The vector of an image at one layer, or the vectors at several layers in one run. Throws ImageError for an image that cannot be
   * read, OptionError for an unknown layer, pool or normalize, WeightError where the weights make a vector that is not finite.
   */
  features(image: ImageSource, options?: FeatureOptions & { readonly layers?: undefined }): Promise<Features>;
  features(
    image: ImageSource,
    options: FeatureOptions & { readonly layers: readonly string[] },
  ): Promise<LayerFeatures>;
  async features(
    image: ImageSource,
    options: FeatureOptions & { readonly layers?: readonly string[] } = {},
  ): Promise<Features | LayerFeatures> {
    checkOptions("features", options, ["layer", "layers", "pool", "normalize", "exif", "signal"], { flags: ["exif"] });
    checkSignal("features", options.signal);
    if (options.layers !== undefined && options.layer !== undefined)
      throw new OptionError("features: layer and layers together; give one of them");
    const layers = options.layers !== undefined ? options.layers : [options.layer ?? defaultLayer];
    checkLayers("features", layers);
    checkPooling(options.pool, options.normalize);
    const [vectors] = await this.runner.hold(async () =>
      this.compute([await this.preprocess(image, { exif: options.exif, signal: options.signal })], layers, options),
    );
    for (const layer of layers) this.checkFinite(vectors![layer]!, image, layer);
    const { device } = this.device;
    return options.layers ? { vectors: vectors!, device } : { vector: vectors![layers[0]!]!, device };
  }

  /** The likeliest classes of an image. Throws OptionError where the weights have no classifier, and otherwise as features(). */
  async classify(
    image: ImageSource,
    options: { readonly top?: number; readonly exif?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<Classification[]> {
    checkOptions("classify", options, ["top", "exif", "signal"], { flags: ["exif"] });
    checkSignal("classify", options.signal);
    const { classes, name } = this.info;
    const { top = 5, exif, signal } = options;
    if (classes === 0)
      throw new OptionError(`${name}: these weights have no classifier, only vectors; features() gives them`);
    if (!Number.isSafeInteger(top) || top < 1 || top > classes)
      throw new OptionError(`classify: top is ${top}; expected a whole number from 1 to ${classes}`);
    const logits = await this.runner.hold(async () => {
      const input = await this.preprocess(image, { exif, signal });
      return (await this.runner.run(await batchOf([input], signal), ["fc"], signal)).get("fc")!.data;
    });
    this.checkFinite(logits, image, "fc");
    return likeliest(logits, top, this.labels);
  }

  /** An image as the network's input, (3, H, W), decoded and resized in a worker thread. For pipelines that prepare images ahead of `vectorsOf`. */
  async preprocess(image: ImageSource, options: ReadImageOptions = {}): Promise<HostTensor> {
    checkOptions("preprocess", options, ["name", "exif", "signal"], { flags: ["exif"] });
    checkSignal("preprocess", options.signal);
    if (options.name !== undefined && typeof options.name !== "string")
      throw new OptionError(
        `preprocess: name is ${describeValue(options.name)}; expected what messages call the image`,
      );
    return this.runner.hold(() => decodeInPool(image, this.info.preset, options));
  }

  /** Makes ready for batches of up to `maxBatch` images, so that the first of them is as fast as the others. */
  async prepare(maxBatch: number, layers: readonly string[] = [defaultLayer], signal?: AbortSignal): Promise<void> {
    if (!Number.isSafeInteger(maxBatch) || maxBatch < 1)
      throw new OptionError(`prepare: maxBatch is ${maxBatch}; expected a whole number of at least 1`);
    checkLayers("prepare", layers);
    checkSignal("prepare", signal);
    return this.runner.hold(() => this.runner.prepare(layers, maxBatch, signal));
  }

  /**
   * What the device makes of the network, as text: the graph as it was traced and after each pass, then the steps, each with its kernel and
   * why it was chosen. The kernels can be named at opening (`kernels`). Throws OptionError for an unknown layer.
   */
  async plan(layers: readonly string[] = [defaultLayer]): Promise<string> {
    checkLayers("plan", layers);
    return this.runner.hold(() => this.runner.plan(layers));
  }

  /**
   * Vectors of preprocessed images, in one run; for each image, by layer. The same numbers whatever the batch. Throws ShapeError for images
   * of other shapes than the network's. They are as the network gave them: whoever hands them on looks for NaN (finite.ts), whose error belongs to one image.
   */
  async vectorsOf(
    inputs: readonly HostTensor[],
    layers: readonly string[],
    options: Pick<FeatureOptions, "pool" | "normalize" | "signal"> = {},
  ): Promise<Record<string, Float32Array>[]> {
    if (!Array.isArray(inputs) || !inputs.every((input) => input?.data instanceof Float32Array))
      throw new OptionError("vectorsOf: the images are no list of what preprocess() gave");
    checkLayers("vectorsOf", layers);
    checkOptions("vectorsOf", options, ["pool", "normalize", "signal"]);
    checkSignal("vectorsOf", options.signal);
    checkPooling(options.pool, options.normalize);
    return this.runner.hold(() => this.compute(inputs, layers, options));
  }

  private async compute(
    inputs: readonly HostTensor[],
    layers: readonly string[],
    options: Pick<FeatureOptions, "pool" | "normalize" | "signal">,
  ): Promise<Record<string, Float32Array>[]> {
    const outputs = await this.runner.run(await batchOf(inputs, options.signal), layers, options.signal);
    return inputs.map((_, i) => {
      const vectors: Record<string, Float32Array> = {};
      for (const layer of layers) {
        const vector = poolVector(outputs.get(layer)!, i, options.pool ?? "avg");
        vectors[layer] = options.normalize === "l2" ? normalizeL2(vector) : vector;
      }
      return vectors;
    });
  }

  /** Frees the device's memory, after the calls under way. The model cannot be used afterwards; disposing twice is no error. */
  dispose(): void {
    this.runner.dispose();
  }

  private checkFinite(vector: Float32Array, image: ImageSource, layer: string): void {
    const error = finiteError(vector, { image: nameOf(image) ?? "image", layer, weights: this.info.weights });
    if (error) throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkLayers(where: string, layers: unknown): void {
  if (!Array.isArray(layers) || !layers.every((layer) => typeof layer === "string"))
    throw new OptionError(`${where}: a layer is a node's name, layers a list of them (model.info.nodeNames has all)`);
  if (layers.length === 0) throw new OptionError(`${where}: layers is empty; name at least one`);
}

/** All names that a layer may be called in a graph. */
export function layerNames(runner: NetworkRunner): string[] {
  return [...nodeNames(runner.graph), ...runner.graph.aliases.keys()];
}

async function batchOf(inputs: readonly HostTensor[], signal: AbortSignal | undefined): Promise<HostTensor> {
  const [first] = inputs;
  if (!first) throw new OptionError("a batch without images");
  for (const [i, { shape, data }] of inputs.entries())
    if (!sameShape(shape, first.shape) || data.length !== sizeOf(shape))
      throw new ShapeError(
        `a batch of images of different shapes: image ${i} is ${formatShape(shape)} (${data.length} numbers), ` +
          `image 0 is ${formatShape(first.shape)}; model.preprocess() gives the network's`,
      );
  const size = sizeOf(first.shape);
  const data = new Float32Array(size * inputs.length);
  const pace = createPacer(signal);
  for (const [i, input] of inputs.entries()) await copyInTurns(input.data, data.subarray(i * size), pace);
  return { shape: [inputs.length, ...first.shape], dtype: "float32", data };
}
