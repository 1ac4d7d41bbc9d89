/** Many images of one request through the batcher: rows in their order, a few images ahead, a bad image an error in its place. */
import { ImageError, type ResidualError } from "../errors.ts";
import type { FeatureRow } from "../features/features-of.ts";
import type { LateImage } from "../model/decode-in-pool.ts";
import type { ImageSource } from "../model/image-source.ts";
import { type Normalize, normalizeL2 } from "../model/pooling.ts";
import { HttpError } from "./http-error.ts";
import type { ImageBatcher } from "./image-batcher.ts";

/** An image of a request. */
export interface RequestedImage {
  /** As it stands in the answer. */
  readonly image_path: string;
  readonly source: () => Promise<ImageSource | LateImage>;
}

export interface RowOptions {
  readonly batcher: ImageBatcher;
  readonly depth: number;
  readonly normalize?: Normalize;
  /** Images of this request that are under way at once. */
  readonly ahead: number;
  readonly signal: AbortSignal;
  /** Told of each image as it is done. */
  readonly onImage?: (error: ResidualError | undefined) => void;
}

/** Throws what is no image's fault: the signal's reason, WeightError, DeviceError. What is under way is stopped when the loop is left. */
export async function* imageRows(
  images: Iterable<RequestedImage>,
  { batcher, depth, normalize, ahead, signal, onImage }: RowOptions,
): AsyncGenerator<FeatureRow, void, undefined> {
  const left = new AbortController();
  const both = AbortSignal.any([signal, left.signal]);
  const rowOf = async ({ image_path, source }: RequestedImage): Promise<FeatureRow> => {
    try {
      const vector = await batcher.submit({ depth, name: image_path, source, signal: both });
      onImage?.(undefined);
      return { image_path, vector: normalize === "l2" ? normalizeL2(vector) : vector };
    } catch (error) {
      both.throwIfAborted();
      if (!isImagesOwn(error)) throw error;
      onImage?.(error);
      return { image_path, error };
    }
  };
  const rows: Promise<FeatureRow>[] = [];
  try {
    for (const image of images) {
      const row = rowOf(image);
      row.catch(() => undefined); // it is awaited in its turn
      rows.push(row);
      if (rows.length >= ahead) yield await rows.shift()!;
    }
    while (rows.length > 0) yield await rows.shift()!;
  } finally {
    left.abort(new Error("the answer is no longer wanted"));
  }
}

function isImagesOwn(error: unknown): error is ResidualError {
  return error instanceof ImageError || (error instanceof HttpError && error.status < 500);
}
