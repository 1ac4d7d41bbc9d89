/** An image to a network's input by a worker thread of the pool (image-job.ts), from the caller's side. */
import { ImageError } from "../errors.ts";
import type { Preset } from "../image/preset.ts";
import { WorkerEnded, workerPool } from "../platform/worker-pool.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import type { PreprocessRequest } from "./image-job.ts";
import { addressOf, fetchImage, type ImageSource, nameOf, type ReadImageOptions, sendImage } from "./image-source.ts";

/** An image that is read when a thread is free for it: what waits costs no memory. */
export type LateImage = () => Promise<ImageSource>;

/**
 * The network's input, (3, crop, crop). The image is copied or read only when a thread is free for it. Throws as readImage does; DeviceError
 * where no thread can be had, the signal's reason when aborted, what a LateImage throws.
 */
export async function decodeInPool(
  source: ImageSource | LateImage,
  preset: Preset,
  { exif, signal, name = typeof source === "function" ? undefined : nameOf(source) }: ReadImageOptions,
): Promise<HostTensor> {
  const address = typeof source === "function" ? undefined : addressOf(source);
  const here = address === undefined ? source : await fetchImage(address, signal); // no thread waits for a server
  const make = async () => {
    const { image, transfer } = await sendImage(typeof here === "function" ? await here() : here, signal);
    const data: PreprocessRequest = { image, preset, name, exif };
    return { job: "image", method: "preprocess", data, transfer };
  };
  const decode = async (): Promise<HostTensor> =>
    (await untilAborted(workerPool.enqueue(make, signal), signal)) as HostTensor;
  try {
    return await decode();
  } catch (error) {
    if (!endedInside(error)) throw error;
  }
  // The thread may have died of something else. If it dies again, it is this image, and must not cost the others their rows.
  return decode().catch((error) => {
    if (!endedInside(error)) throw error;
    throw new ImageError("corrupt", `${name ?? "image"}: cannot be decoded (${error.message})`, { cause: error });
  });
}

function endedInside(error: unknown): error is WorkerEnded {
  return error instanceof WorkerEnded && error.hadBegun;
}
