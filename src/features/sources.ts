/** From what a user names to a list of images: files, folders (their images, sorted by name), or images in memory. */
import { listFolder, pathKind } from "#platform";
import { ImageError, OptionError, ResidualError } from "../errors.ts";
import { asImageError, type ImageSource, nameOf } from "../model/image-source.ts";
import { describeValue } from "../tensor/check-options.ts";

/** One image of a run. */
export interface NamedSource {
  /** As it stands in the result: the path, or `image 3` for one that has none. */
  readonly image_path: string;
  readonly source: ImageSource;
}

/** What was left out of a folder, for those who report it. */
export interface LeftOut {
  readonly folder: string;
  /** Names of entries that are no images by their suffix. */
  readonly otherFiles: readonly string[];
  readonly subfolders: readonly string[];
  readonly hidden: number;
}

/** One, or any iterable of them: an array, a Set, a generator, an async one. */
export type SourceList = ImageSource | Iterable<ImageSource> | AsyncIterable<ImageSource>;

export const imageSuffix = /\.(jpe?g|jfif|png|webp|gif)$/i;

/**
 * The images of a path, a folder, an image in memory, or a list of them, in the order given; a folder's images by name, those of its
 * subfolders not among them. Throws OptionError for an empty list, ImageError for a folder that cannot be listed or has no images: a
 * wrong start is better said before the work than after it. A path that is missing or cannot be read is that image's error, later.
 */
export async function listImages(
  sources: SourceList,
  onLeftOut: (left: LeftOut) => void = () => {},
): Promise<NamedSource[]> {
  const images: NamedSource[] = [];
  for await (const image of imagesOf(sources, onLeftOut)) images.push(image);
  return images;
}

/**
 * The same, each when it is asked for: what may be long or never end is not collected. An array is looked at whole before its first image,
 * so that what is wrong with it is said at once.
 */
export async function* readImages(
  sources: SourceList,
  onLeftOut?: (left: LeftOut) => void,
): AsyncGenerator<NamedSource, void, undefined> {
  yield* Array.isArray(sources) ? await listImages(sources, onLeftOut) : imagesOf(sources, onLeftOut);
}

async function* imagesOf(
  sources: SourceList,
  onLeftOut: (left: LeftOut) => void = () => {},
): AsyncGenerator<NamedSource, void, undefined> {
  if (typeof sources !== "string" && (typeof sources !== "object" || sources === null))
    throw new OptionError(
      `the images are ${describeValue(sources)}; name a file, a folder, an image, or a list of them`,
    );
  let i = 0;
  for await (const source of isList(sources) ? sources : [sources]) {
    if (typeof source === "string" && (await isFolder(source))) yield* await imagesIn(source, onLeftOut);
    else yield { image_path: nameOf(source) ?? `image ${i}`, source };
    i++;
  }
  if (i === 0) throw new OptionError("no images were named; name a file, a folder, or a list of them");
}

/** False too for what cannot even be looked at: reading it will say why. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await pathKind(path)) === "folder";
  } catch (error) {
    if (error instanceof ResidualError) return false;
    throw error;
  }
}

async function imagesIn(folder: string, onLeftOut: (left: LeftOut) => void): Promise<NamedSource[]> {
  const entries = await listFolder(folder).catch((error) => Promise.reject(asImageError(error)));
  const shown = entries.filter((entry) => !entry.name.startsWith("."));
  // Links to nothing, pipes and the like among them: what is named as an image and cannot be read is an error, not left out.
  const images = shown.filter((entry) => entry.kind !== "folder" && imageSuffix.test(entry.name));
  const left: LeftOut = {
    folder,
    otherFiles: shown.filter((entry) => entry.kind !== "folder" && !images.includes(entry)).map((entry) => entry.name),
    subfolders: shown.filter((entry) => entry.kind === "folder").map((entry) => entry.name),
    hidden: entries.length - shown.length,
  };
  const leftOut = left.otherFiles.length + left.subfolders.length + left.hidden > 0;
  if (images.length === 0)
    throw new ImageError(
      "not-found",
      `${folder}: a folder without images; JPEG, PNG, WebP and GIF files are taken, by their suffix` +
        (leftOut ? `, and not ${partsOf(left)}` : ""),
    );
  if (leftOut) onLeftOut(left);
  return images.map(({ path }) => ({ image_path: path, source: path }));
}

/** One line for a person. */
export function describeLeftOut(left: LeftOut): string {
  return `${left.folder}: left out ${partsOf(left)}`;
}

function partsOf({ otherFiles, subfolders, hidden }: LeftOut): string {
  const some = (names: readonly string[]) => `(${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""})`;
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const parts: string[] = [];
  if (otherFiles.length > 0) parts.push(`${count(otherFiles.length, "file")} of another suffix ${some(otherFiles)}`);
  if (subfolders.length > 0) parts.push(`${count(subfolders.length, "subfolder")} ${some(subfolders)}`);
  if (hidden > 0) parts.push(`${hidden} hidden`);
  return parts.join(", ");
}

function isList(sources: SourceList): sources is Iterable<ImageSource> | AsyncIterable<ImageSource> {
  if (typeof sources !== "object" || sources === null || ArrayBuffer.isView(sources)) return false;
  return Symbol.iterator in sources || Symbol.asyncIterator in sources;
}
