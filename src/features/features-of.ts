/**
 * Vectors of many images, as an async iterator: order kept, memory bounded by three batches (which are smaller where files are very large), a bad image is a row with an error and costs
 * nothing else. Two batches are read and decoded ahead of the one that runs: a thread that is free always finds work.
 */
import { OptionError, ResidualError } from "../errors.ts";
import { finiteError } from "../model/finite.ts";
import { defaultLayer, type FeatureOptions, Model } from "../model/model.ts";
import { checkPooling } from "../model/pooling.ts";
import { checkOptions, checkSignal, describeValue } from "../tensor/check-options.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { LeftOut } from "./left-out.ts";
import { LoadSlots } from "./load-slots.ts";
import type { NamedSource, ReadLater } from "./named-source.ts";
import { readImages, type SourceList } from "./sources.ts";

/** The model, and how its vectors are made; the same for all images. */
export interface FeaturesOfOptions extends FeatureOptions {
  readonly model: Model;
  /** Images of one run: 8 unless told. Vectors do not depend on it. */
  readonly batch?: number;
  /** Folders within folders too. */
  readonly recursive?: boolean;
  /** Told what a folder or an archive holds that is no image. */
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

/** A batch of fewer images where these have so many bytes already: an archive of a megabyte may unpack to many of the largest. */
const mostBatchBytes = 2 ** 26;

/** Images that are fetched or unpacked at once. */
const loadsAtOnce = 16;

/** Images of one run, where the caller does not say. */
export const defaultBatch = 8;

/**
 * Rows of `{ image_path, vector }` or `{ image_path, error }`, one an image, in the order of `sources`: a path, a folder, a pattern
 * (`photos/*.jpg`), a zip or tar archive, an http(s): or data: address, an image in memory, or any iterable of them, async ones too, which is
 * read as batches are made. Throws OptionError for wrong options and ImageError
 * for an empty folder, before the first row (of a folder that comes later from a generator, then); DeviceError when the device fails; the signal's reason when aborted.
 */
export async function* featuresOf(
  sources: SourceList,
  options: FeaturesOfOptions,
): AsyncGenerator<FeatureRow, void, undefined> {
  const keys = ["model", "batch", "layer", "pool", "normalize", "exif", "recursive", "signal", "onLeftOut"];
  checkOptions("featuresOf", options, keys, { needed: ["model"], flags: ["exif", "recursive"] });
  checkSignal("featuresOf", options.signal);
  const { recursive, onLeftOut } = options;
  if (onLeftOut !== undefined && typeof onLeftOut !== "function")
    throw new OptionError(`featuresOf: onLeftOut is ${describeValue(onLeftOut)}; expected a function`);
  yield* featuresOfImages(readImages(sources, { recursive, onLeftOut }), options);
}

/**
 * featuresOf for images that were found already. They are taken as batches are made, and no more of them after the loop is left.
 * `stopLoading` ends it as `signal` does, but only until weights are loaded for the first batch.
 */
export async function* featuresOfImages(
  images: AsyncGenerator<NamedSource, void, undefined>,
  options: Omit<FeaturesOfOptions, "recursive" | "onLeftOut"> & { readonly stopLoading?: AbortSignal },
): AsyncGenerator<FeatureRow, void, undefined> {
  const { model, batch = defaultBatch, signal, layer = defaultLayer } = options;
  if (!(model instanceof Model))
    throw new OptionError(`featuresOf: model is ${describeValue(model)}; expected one that openModel gave`);
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw new OptionError(
      `batch ${typeof batch === "number" ? batch : describeValue(batch)}: expected a whole number of at least 1`,
    );
  checkPooling(options.pool, options.normalize);
  // Ends what is under way when the loop is left: nobody waits for it then.
  const left = new AbortController();
  const inner = { ...options, signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal };
  const slots = new LoadSlots(loadsAtOnce);
  const stop = (): void => inner.signal.throwIfAborted();
  let taken: Promise<NamedSource[]> = Promise.resolve([]);
  const ahead: Promise<Prepared[]>[] = [];
  const takeNext = (): void => {
    taken = taken.then(() => take(images, batch, stop)); // in their order; after an error none is taken
    const prepared = taken.then((some) => prepareImages(some, inner, slots, stop));
    prepared.catch(() => undefined); // it is awaited in its turn; until then nobody must call it unhandled
    ahead.push(prepared);
  };
  try {
    takeNext();
    const first = await taken;
    stop();
    if (first.length === 0) return; // of a run that was done already
    const { stopLoading } = options;
    const loading = stopLoading ? AbortSignal.any([inner.signal, stopLoading]) : inner.signal;
    await model.prepare(first.length, [layer], loading); // a later batch is larger only where this one has large files
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

/** The next images, `count` of them, fewer where their bytes are many, or what is left. */
async function take(
  images: AsyncGenerator<NamedSource, void, undefined>,
  count: number,
  stop: () => void,
): Promise<NamedSource[]> {
  const taken: NamedSource[] = [];
  for (let bytes = 0; taken.length < count && bytes < mostBatchBytes; ) {
    const { done, value } = await images.next();
    if (done) break;
    stop();
    taken.push(value);
    bytes += heldBytes(value.source);
  }
  return taken;
}

/** Bytes that an image takes in memory before it is decoded; 0 where they are not known yet, as those of paths and addresses. */
function heldBytes(source: NamedSource["source"]): number {
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) return source.byteLength;
  return isLater(source) || source instanceof Blob ? (source.size ?? 0) : 0;
}

function isLater(source: NamedSource["source"]): source is ReadLater {
  return typeof source === "object" && source !== null && "read" in source;
}

interface Prepared {
  readonly image_path: string;
  readonly input: HostTensor | ResidualError;
}

async function prepareImages(
  images: readonly NamedSource[],
  { model, exif, signal }: FeaturesOfOptions,
  slots: LoadSlots,
  stop: () => void,
): Promise<Prepared[]> {
  const prepareOne = async ({ image_path, source }: NamedSource): Promise<Prepared> => {
    stop();
    const options = { name: image_path, exif, signal };
    const prepare = (): Promise<HostTensor> => {
      if (source instanceof ResidualError) return Promise.reject(source);
      if (!isLater(source)) return model.preprocess(source, options);
      return slots.take(() => source.read(signal)).then((bytes) => model.preprocess(bytes, options));
    };
    const input = await prepare().catch((error) => {
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
