/** Decoding in the worker threads: an image's bytes, wherever they are, to the network's input. */
import { preprocess } from "../image/preprocess.ts";
import type { Preset } from "../image/preset.ts";
import type { Job, Moved } from "../platform/worker-job.ts";
import { freeArray } from "../tensor/free-array.ts";
import { type ReadImageOptions, readImage, receiveImage, type SentImage } from "./image-source.ts";

export interface PreprocessRequest extends Omit<ReadImageOptions, "signal"> {
  readonly image: SentImage;
  readonly preset: Preset;
}

export const imageJob: Job = {
  async preprocess({ image, preset, name, exif }: PreprocessRequest): Promise<Moved> {
    const pixels = await readImage(receiveImage(image), { name, exif });
    const input = preprocess(pixels, preset);
    freeArray(pixels.data); // up to 700 MB, and this thread's own
    return { value: input, transfer: [input.data.buffer as ArrayBuffer] };
  },
};
