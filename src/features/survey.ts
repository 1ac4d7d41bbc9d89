/** How many images a run has, and whether they are the same as another run's: found by naming them all once, without reading any. */
import { fileFacts } from "#platform";
import type { NamedSource } from "./named-source.ts";
import type { ReadImagesOptions } from "./sources.ts";

export interface Survey {
  readonly count: number;
  /** Tar archives, whose images are known only when they are read: `count` is without them. */
  readonly tars: number;
  /** Equal for the same names in the same order, and the same tars (by size and time). */
  readonly digest: string;
}

/** Names hashed at once. */
const chunkNames = 1000;

/**
 * Goes through what `images` names, once. `each` is told of every image, and its errors end the survey. Throws what readImages throws; the
 * signal's reason when aborted.
 */
export async function surveyImages(
  images: (options: Pick<ReadImagesOptions, "onTar">) => AsyncIterable<NamedSource>,
  { each, signal }: { readonly each?: (image: NamedSource) => Promise<void>; readonly signal?: AbortSignal } = {},
): Promise<Survey> {
  let count = 0;
  let names: string[] = [];
  const tars: string[] = [];
  let digest = "";
  const hash = async (): Promise<void> => {
    const text = new TextEncoder().encode(JSON.stringify([digest, names]));
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
    digest = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    names = [];
  };
  for await (const image of images({ onTar: (path) => tars.push(path) })) {
    signal?.throwIfAborted();
    await each?.(image);
    count++;
    if (names.push(image.image_path) === chunkNames) await hash();
  }
  for (const tar of tars) {
    const facts = await fileFacts(tar).catch(() => undefined); // a Blob has no path
    names.push(JSON.stringify([tar, facts?.size, facts?.changed]));
  }
  await hash();
  return { count, tars: tars.length, digest };
}
