/**
 * From what a user names to images, one after another: files, folders, patterns, archives, addresses, images in memory. Nothing is held but
 * the listing of the folder at hand, so a run may be of any length.
 */
import { listFolder, pathKind } from "#platform";
import { ImageError, OptionError, ResidualError } from "../errors.ts";
import { addressOf, asImageError, fetchImage, type ImageSource, nameOf } from "../model/image-source.ts";
import { describeValue } from "../tensor/check-options.ts";
import { archiveKind, imagesInArchive } from "./archives.ts";
import { isImageName, type LeftOut, LeftOutCounter, partsOfLeftOut } from "./left-out.ts";
import type { NamedSource } from "./named-source.ts";

/** A path that is no pattern, whatever characters it has: the lines of a list. */
export interface LiteralPath {
  readonly literalPath: string;
}

/** One, or any iterable of them: an array, a Set, a generator, an async one. */
export type SourceList = ImageSource | Iterable<ImageSource> | AsyncIterable<ImageSource>;

/** The same, and lines of a list among them. */
export type AnySourceList = SourceList | Iterable<ImageSource | LiteralPath> | AsyncIterable<ImageSource | LiteralPath>;

export interface ReadImagesOptions {
  /** Folders within folders too. */
  readonly recursive?: boolean;
  /** Told what a folder or an archive holds that is no image. */
  readonly onLeftOut?: (left: LeftOut) => unknown;
  /** Where `data://` leads: a path for an address. Unless given, such addresses are errors. */
  readonly dataPath?: (address: string) => string;
  /** In place of a tar's images, which takes as long as reading it: told of it. A survey of what there is does so. */
  readonly onTar?: (path: string) => unknown;
}

/**
 * The images of a path, a folder, a pattern (`photos/**\/*.jpg`), an archive, an address, an image in memory, or a list of them, in the order
 * given; those of folders, patterns and zip archives sorted by name. An array is looked at whole before its first image, so that what is
 * wrong with it is said at once. Throws OptionError for an empty list, ImageError for a folder that cannot be listed or has no images and a
 * pattern that matches none. A path that is missing or cannot be read is that image's error, later.
 */
export async function* readImages(
  sources: AnySourceList,
  options: ReadImagesOptions = {},
): AsyncGenerator<NamedSource, void, undefined> {
  if (Array.isArray(sources)) {
    const images: NamedSource[] = [];
    const left: LeftOut[] = [];
    let tars = 0;
    const look = { ...options, onLeftOut: (one: LeftOut) => left.push(one), onTar: () => tars++ };
    for await (const image of imagesOf(sources, look)) images.push(image);
    if (tars === 0) {
      for (const one of left) options.onLeftOut?.(one);
      return yield* images;
    }
  }
  yield* imagesOf(sources, options);
}

async function* imagesOf(
  sources: AnySourceList,
  options: ReadImagesOptions,
): AsyncGenerator<NamedSource, void, undefined> {
  if (typeof sources !== "string" && (typeof sources !== "object" || sources === null))
    throw new OptionError(
      `the images are ${describeValue(sources)}; name a file, a folder, an image, or a list of them`,
    );
  let i = 0;
  for await (const source of isList(sources) ? sources : [sources]) {
    if (typeof source === "string") yield* imagesAt(source, options, true);
    else if (isLiteral(source)) yield* imagesAt(source.literalPath, options, false);
    else yield* imageIn(source, i, options);
    i++;
  }
  if (i === 0) throw new OptionError("no images were named; name a file, a folder, or a list of them");
}

/** What a text names. */
async function* imagesAt(
  text: string,
  options: ReadImagesOptions,
  isPattern: boolean,
): AsyncGenerator<NamedSource, void, undefined> {
  if (/^data:\/\//i.test(text)) return yield* imagesInData(text, options);
  if (addressOf(text) !== undefined) return yield fetched(text);
  const kind = await kindOf(text);
  if (kind === "folder") return yield* imagesInFolder(text, options);
  if (kind === undefined && isPattern && isGlob(text)) return yield* imagesMatching(text, options);
  yield* imagesInFile(text, options);
}

async function* imagesInFile(path: string, options: ReadImagesOptions): AsyncGenerator<NamedSource, void, undefined> {
  const archive = archiveKind(path);
  if (!archive || (await kindOf(path)) !== "file") return yield { image_path: path, source: path };
  if (archive !== "zip" && options.onTar) options.onTar(path);
  else yield* imagesInArchive(path, archive, { name: path, onLeftOut: options.onLeftOut ?? (() => {}) });
}

async function* imageIn(
  source: Exclude<ImageSource, string>,
  index: number,
  options: ReadImagesOptions,
): AsyncGenerator<NamedSource, void, undefined> {
  const name = nameOf(source);
  const address = addressOf(source);
  const archive = source instanceof Blob && name !== undefined ? archiveKind(name) : undefined;
  if (address !== undefined) yield fetched(address);
  else if (source instanceof Blob && archive && name !== undefined) {
    if (archive === "zip" || !options.onTar)
      yield* imagesInArchive(source, archive, { name, onLeftOut: options.onLeftOut ?? (() => {}) });
    else options.onTar(name);
  } else yield { image_path: name ?? `image ${index}`, source };
}

/** An image at an address. */
function fetched(address: string): NamedSource {
  return { image_path: nameOf(address)!, source: { read: (signal) => fetchImage(address, signal) } };
}

/** `data://`: what lies in the folder that the caller keeps for them, under the address's own name. */
async function* imagesInData(
  address: string,
  options: ReadImagesOptions,
): AsyncGenerator<NamedSource, void, undefined> {
  const { dataPath } = options;
  if (!dataPath) {
    const message = `${address}: an address of the service's data, and nothing says where that lies; name its folder (--data DIR)`;
    return yield { image_path: address, source: new ImageError("not-found", message) };
  }
  try {
    const base = address.replace(/(?<=[^/])\/+$/, "");
    const path = dataPath(base).replace(/\/+$/, "");
    for await (const image of imagesAt(path, { ...options, dataPath: undefined }, false))
      yield { ...image, image_path: base + image.image_path.slice(path.length) };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield { image_path: address, source: new ImageError("not-found", error.message) };
  }
}

/** Undefined for what is missing, or cannot even be looked at: reading it will say why. */
async function kindOf(path: string): Promise<"file" | "folder" | "other" | undefined> {
  try {
    return await pathKind(path);
  } catch (error) {
    if (error instanceof ResidualError) return "other";
    throw error;
  }
}

async function* imagesInFolder(
  folder: string,
  options: ReadImagesOptions,
): AsyncGenerator<NamedSource, void, undefined> {
  const left = new LeftOutCounter(folder);
  let images = 0;
  for await (const image of walk(folder, "", options.recursive ?? false, left)) {
    images++;
    yield { image_path: image, source: image };
  }
  const result = left.result;
  if (images === 0)
    throw new ImageError(
      "not-found",
      `${folder}: a folder without images; JPEG, PNG, WebP and GIF files are taken, by their suffix` +
        (result ? `, and not ${partsOfLeftOut(result)}` : ""),
    );
  if (result) options.onLeftOut?.(result);
}

/** Files and, where they stand among them, the files of subfolders. A link to a folder is not followed: it may lead back. */
async function* walk(
  folder: string,
  within: string,
  recursive: boolean,
  left: LeftOutCounter,
): AsyncGenerator<string, void, undefined> {
  const entries = await listFolder(folder).catch((error) => Promise.reject(asImageError(error)));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) left.hidden();
    else if (entry.kind !== "folder") {
      // Links to nothing, pipes and the like among them: what is named as an image and cannot be read is an error, not left out.
      if (isImageName(entry.name)) yield entry.path;
      else left.otherFile(within + entry.name);
    } else if (recursive && !entry.link) yield* walk(entry.path, `${within}${entry.name}/`, true, left);
    else left.subfolder(within + entry.name);
  }
}

function isGlob(text: string): boolean {
  return /[*?[\]{}]|[!@+]\(/.test(text);
}

async function* imagesMatching(
  pattern: string,
  options: ReadImagesOptions,
): AsyncGenerator<NamedSource, void, undefined> {
  const left = new LeftOutCounter(pattern);
  let images = 0;
  for await (const path of matchesOf(pattern)) {
    if (!isImageName(path) && !archiveKind(path)) {
      left.otherFile(path);
      continue;
    }
    images++;
    yield* imagesInFile(path, options);
  }
  const result = left.result;
  if (images === 0)
    throw new ImageError(
      "not-found",
      `${pattern}: no file has this name, and as a pattern it matches ${result ? `only ${partsOfLeftOut(result)}` : "nothing"}`,
    );
  if (result) options.onLeftOut?.(result);
}

/**
 * The files that a pattern matches, as picomatch has patterns, in the order of a walk. Names that begin with a dot match no star; a folder
 * without the pattern's reach is not looked into.
 */
async function* matchesOf(pattern: string): AsyncGenerator<string, void, undefined> {
  const { default: picomatch } = await import("picomatch");
  const { base, glob } = picomatch.scan(pattern);
  if ((await kindOf(base || ".")) !== "folder") return;
  const isMatch = picomatch(glob);
  const depth = glob.includes("**") ? Number.POSITIVE_INFINITY : glob.split("/").length;
  async function* matches(folder: string, within: string, level: number): AsyncGenerator<string, void, undefined> {
    for (const entry of await listFolder(folder).catch((error) => Promise.reject(asImageError(error)))) {
      const name = within + entry.name;
      if (entry.kind !== "folder") {
        if (isMatch(name)) yield entry.path;
      } else if (!entry.name.startsWith(".") && level < depth && !(entry.link && depth === Number.POSITIVE_INFINITY))
        yield* matches(entry.path, `${name}/`, level + 1);
    }
  }
  yield* matches(base || ".", "", 1);
}

function isLiteral(source: ImageSource | LiteralPath): source is LiteralPath {
  return typeof source === "object" && source !== null && "literalPath" in source;
}

function isList(
  sources: AnySourceList,
): sources is Iterable<ImageSource | LiteralPath> | AsyncIterable<ImageSource | LiteralPath> {
  if (typeof sources !== "object" || sources === null || ArrayBuffer.isView(sources)) return false;
  return Symbol.iterator in sources || Symbol.asyncIterator in sources;
}
