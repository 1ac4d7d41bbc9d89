/** From what a user names to a list of images: files, folders (their images, sorted by name), or images in memory. */
import { listFolder, pathKind } from "#platform";
import { ImageError, OptionError } from "../errors.ts";
import type { ImageSource } from "../model/image-source.ts";

/** One image of a run. */
export interface NamedSource {
  /** As it stands in the result: the path, or `image 3` for one that has none. */
  readonly image_path: string;
  readonly source: ImageSource;
}

/** What was left out of a folder, for those who report it. */
export interface LeftOut {
  readonly folder: string;
  /** Names of files that are no images by their suffix. */
  readonly otherFiles: readonly string[];
  readonly subfolders: readonly string[];
  readonly hidden: number;
}

export type SourceList = string | ImageSource | readonly (string | ImageSource)[];

const imageSuffix = /\.(jpe?g|jfif|png|webp|gif)$/i;

/**
 * The images of a path, a folder, an image in memory, or a list of them, in the order given; a folder's images by name, those of its
 * subfolders not among them. Throws ImageError where a path does not lead to a file or a folder with images: a wrong start is better
 * said before the work than after it. A missing file among several is that image's error, later.
 */
export async function listImages(
  sources: SourceList,
  onLeftOut: (left: LeftOut) => void = () => {},
): Promise<NamedSource[]> {
  const list: readonly (string | ImageSource)[] = isList(sources) ? sources : [sources];
  if (list.length === 0) throw new OptionError("no images were named; name a file, a folder, or a list of them");
  const images: NamedSource[] = [];
  for (const [i, source] of list.entries()) {
    if (typeof source !== "string") images.push({ image_path: nameOf(source, i), source });
    else if ((await pathKind(source)) === "folder") images.push(...(await imagesIn(source, onLeftOut)));
    else images.push({ image_path: source, source });
  }
  return images;
}

async function imagesIn(folder: string, onLeftOut: (left: LeftOut) => void): Promise<NamedSource[]> {
  const entries = await listFolder(folder);
  const shown = entries.filter((entry) => !entry.name.startsWith("."));
  const images = shown.filter((entry) => entry.kind === "file" && imageSuffix.test(entry.name));
  const left: LeftOut = {
    folder,
    otherFiles: shown.filter((entry) => entry.kind !== "folder" && !images.includes(entry)).map((entry) => entry.name),
    subfolders: shown.filter((entry) => entry.kind === "folder").map((entry) => entry.name),
    hidden: entries.length - shown.length,
  };
  if (images.length === 0)
    throw new ImageError(
      "not-found",
      `${folder}: a folder without images; JPEG, PNG, WebP and GIF files are taken, by their suffix`,
    );
  if (left.otherFiles.length + left.subfolders.length + left.hidden > 0) onLeftOut(left);
  return images.map(({ path }) => ({ image_path: path, source: path }));
}

/** One line for a person. */
export function describeLeftOut({ folder, otherFiles, subfolders, hidden }: LeftOut): string {
  const some = (names: readonly string[]) => `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;
  const parts: string[] = [];
  if (otherFiles.length > 0) parts.push(`${otherFiles.length} that by suffix is no image (${some(otherFiles)})`);
  if (subfolders.length > 0) parts.push(`${subfolders.length} subfolder (${some(subfolders)})`);
  if (hidden > 0) parts.push(`${hidden} hidden`);
  return `${folder}: left out ${parts.join(", ")}`;
}

function isList(sources: SourceList): sources is readonly (string | ImageSource)[] {
  return Array.isArray(sources);
}

function nameOf(source: ImageSource, index: number): string {
  if (source instanceof URL) return source.href;
  if (source instanceof Blob && "name" in source && typeof source.name === "string") return source.name;
  return `image ${index}`;
}
