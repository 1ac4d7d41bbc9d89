/**
 * Vectors of many images, as an async iterator: order kept, memory bounded by three batches, a bad image is a row with an error and costs
 * nothing else. Two batches are read and decoded ahead of the one that runs: a thread that is free always finds work.
 */
import { OptionError, ResidualError } from "../errors.ts";
import { finiteError } from "../model/finite.ts";
import { defaultLayer, type FeatureOptions, Model } from "../model/model.ts";
import { checkPooling } from "../model/pooling.ts";
import { checkOptions, checkSignal, describeValue } from "../tensor/check-options.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { type LeftOut, type NamedSource, readImages, type SourceList } from "./sources.ts";

/** The model, and how its vectors are made; the same for all images. */
export interface FeaturesOfOptions extends FeatureOptions {
  readonly model: Model;
  /** Images of one run: 8 unless told. Vectors do not depend on it. */
  readonly batch?: number;
  /** Told what a folder holds that is no image. */
  readonly onLeftOut?: (left: LeftOut) => void;
}

/** An image with its vector. */
export interface VectorRow {
  readonly image_path: string;
  readonly vector: Float32Array;
  readonly error?: undefined;
}

/** An image that has none, and why. */
export interface ErrorRow {
  readonly image_path: string;
  readonly vector?: undefined;
  /** What was wrong with this image; its `code` is stable. */
  readonly error: ResidualError;
}

/** One image's result: `row.error` tells which. */
export type FeatureRow = VectorRow | ErrorRow;

/** Batches that are read and decoded while one runs. */
const batchesAhead = 2;

/** Images of one run, where the caller does not say. */
export const defaultBatch = 8;

/**
 * Rows of `{ image_path, vector }` or `{ image_path, error }`, one an image, in the order of `sources`: a path, a folder, an image in
 * memory, or any iterable of them, async ones too, which is read as batches are made. Throws OptionError for wrong options and ImageError
 * for an empty folder, before the first row (of a folder that comes later from a generator, then); DeviceError when the device fails; the signal's reason when aborted.
 */
export async function* featuresOf(
  sources: SourceList,
  options: FeaturesOfOptions,
): AsyncGenerator<FeatureRow, void, undefined> {
  const keys = ["model", "batch", "layer", "pool", "normalize", "exif", "signal", "onLeftOut"];
  checkOptions("featuresOf", options, keys, { needed: ["model"], flags: ["exif"] });
  checkSignal("featuresOf", options.signal);
  const { model, batch = defaultBatch, signal, layer = defaultLayer, onLeftOut } = options;
  if (!(model instanceof Model))
    throw new OptionError(`featuresOf: model is ${describeValue(model)}; expected one that openModel gave`);
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw new OptionError(
      `batch ${typeof batch === "number" ? batch : describeValue(batch)}: expected a whole number of at least 1`,
    );
  if (onLeftOut !== undefined && typeof onLeftOut !== "function")
    throw new OptionError(`featuresOf: onLeftOut is ${describeValue(onLeftOut)}; expected a function`);
  checkPooling(options.pool, options.normalize);
  const images = readImages(sources, onLeftOut);
  // Ends what is under way when the loop is left: nobody waits for it then.
  const left = new AbortController();
  const inner = { ...options, signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal };
  const stop = (): void => inner.signal.throwIfAborted();
  let taken: Promise<NamedSource[]> = Promise.resolve([]);
  const ahead: Promise<Prepared[]>[] = [];
  const takeNext = (): void => {
    taken = taken.then(() => take(images, batch, stop)); // in their order; after an error none is taken
    const prepared = taken.then((some) => prepareImages(some, inner, stop));
    prepared.catch(() => undefined); // it is awaited in its turn; until then nobody must call it unhandled
    ahead.push(prepared);
  };
  try {
    takeNext();
    const first = await taken;
    stop();
    await model.prepare(first.length, [layer], inner.signal); // no later batch is larger
    for (let n = 1; n < batchesAhead; n++) takeNext();
    for (let next = ahead.shift(); next; next = ahead.shift()) {
      const prepared = await next;
      if (prepared.length === 0) break;
      stop();
      const running = runBatch(prepared, layer, inner);
      takeNext();
      yield* await running;
    }
  } finally {
    left.abort(new Error("the loop over featuresOf was left"));
    // Lets a generator that was given clean up. Nobody waits for it: it may be waiting itself.
    images.return().catch(() => undefined);
  }
}

/** The next images, `count` of them or what is left. */
async function take(
  images: AsyncGenerator<NamedSource, void, undefined>,
  count: number,
  stop: () => void,
): Promise<NamedSource[]> {
  const taken: NamedSource[] = [];
  while (taken.length < count) {
    const { done, value } = await images.next();
    if (done) break;
    stop();
    taken.push(value);
  }
  return taken;
}

interface Prepared {
  readonly image_path: string;
  readonly input: HostTensor | ResidualError;
}

async function prepareImages(
  images: readonly NamedSource[],
  { model, exif, signal }: FeaturesOfOptions,
  stop: () => void,
): Promise<Prepared[]> {
  const prepareOne = async ({ image_path, source }: NamedSource): Promise<Prepared> => {
    stop();
    const input = await model.preprocess(source, { name: image_path, exif, signal }).catch((error) => {
      signal?.throwIfAborted();
      if (error instanceof ResidualError) return error;
      throw error;
    });
    return { image_path, input };
  };
  return Promise.all(images.map(prepareOne));
}

async function runBatch(
  prepared: readonly Prepared[],
  layer: string,
  options: FeaturesOfOptions,
): Promise<FeatureRow[]> {
  const inputs = prepared.flatMap(({ input }) => (input instanceof ResidualError ? [] : [input]));
  const { model, pool, normalize, signal } = options;
  const vectors = inputs.length > 0 ? await model.vectorsOf(inputs, [layer], { pool, normalize, signal }) : [];
  let next = 0;
  return prepared.map(({ image_path, input }): FeatureRow => {
    if (input instanceof ResidualError) return { image_path, error: input };
    const vector = vectors[next++]![layer]!;
    const error = finiteError(vector, { image: image_path, layer, weights: model.info.weights });
    return error ? { image_path, error } : { image_path, vector };
  });
}
