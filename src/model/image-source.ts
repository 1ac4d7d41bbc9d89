/** Every form in which a caller may hand over an image: how it goes to a worker thread, and how it is brought to pixels there. */
import { fetchBytes, readBytes } from "#platform";
import { ImageError, OptionError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { checkImageData, fromImageData, type RgbaImage, type RgbImage } from "../image/rgb-image.ts";
import { FileError } from "../platform/byte-source.ts";
import { describeValue } from "../tensor/check-options.ts";
import { freeArray } from "../tensor/free-array.ts";
import { copyInTurns, createPacer } from "../tensor/pacer.ts";

/** A file's path, an address (`https://…`, `http://…`, `data:…`) or a URL object, encoded bytes, a Blob, or pixels: a browser's ImageData or anything of that form. */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | Blob | PixelSource;

/** RGBA, four bytes a pixel, row-major: what a canvas gives. */
export type PixelSource = RgbaImage;

export interface ReadImageOptions {
  /** What messages call the image; its path, URL or file name, else `image`. */
  readonly name?: string;
  /** Turn the picture as its EXIF data says; torchvision does not, so neither do we unless told. */
  readonly exif?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Pixels of an image. Throws ImageError, whose message starts with the image's name, or OptionError for what is no image source at all.
 */
export async function readImage(source: ImageSource, options: ReadImageOptions = {}): Promise<RgbImage> {
  if (isPixels(source)) return fromImageData(source);
  if (!isReadable(source)) throw new OptionError(`an image is ${describeValue(source)}: ${expected}`);
  const { exif, signal } = options;
  const name = options.name ?? nameOf(source) ?? "image";
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(source);
  } catch (error) {
    throw asImageError(error);
  }
  try {
    signal?.throwIfAborted();
    return await decodeImage(bytes, { name, exif, signal });
  } finally {
    if (bytes !== source) freeArray(bytes); // what was read, not what the caller gave
  }
}

/** An image as it goes to another thread. A URL object cannot, so its address does. */
export type SentImage = string | { readonly href: string } | Uint8Array | PixelSource;

/** Bytes of one encoded image at most, from an address or an archive: far above any that a decoder takes. */
export const mostImageBytes = 2 ** 28;

/** Milliseconds that an address may take to give its image. */
const fetchMilliseconds = 60_000;

/** The address of an image that has to be fetched; undefined for every other source. */
export function addressOf(source: ImageSource): string | undefined {
  if (typeof source === "string") return /^(https?:|data:(?!\/\/))/i.test(source) ? source : undefined;
  return source instanceof URL && /^(https?|data):$/.test(source.protocol) ? source.href : undefined;
}

/** The bytes at an address, at most `mostImageBytes` within a minute. Throws ImageError, the signal's reason when aborted. */
export async function fetchImage(address: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const bounds = { most: mostImageBytes, milliseconds: fetchMilliseconds, signal, name: shortAddress(address) };
  return fetchBytes(address, bounds).catch((error) => Promise.reject(asImageError(error)));
}

function shortAddress(address: string): string {
  return address.length > 300 ? `${address.slice(0, 60)}…` : address; // data: addresses are whole images
}

/**
 * The image for another thread: paths and URLs are read there, bytes and pixels are copied, a Blob is read here. Throws as readImage does
 * for what cannot be read here, or is no image source at all.
 */
export async function sendImage(
  source: ImageSource,
  signal?: AbortSignal,
): Promise<{ readonly image: SentImage; readonly transfer: ArrayBuffer[] }> {
  if (isPixels(source)) {
    checkImageData(source);
    const data = await copyOf(source.data, signal);
    return { image: { width: source.width, height: source.height, data }, transfer: [data.buffer] };
  }
  if (!isReadable(source)) throw new OptionError(`an image is ${describeValue(source)}: ${expected}`);
  if (typeof source === "string") return { image: source, transfer: [] };
  if (source instanceof URL) return { image: { href: source.href }, transfer: [] };
  const bytes =
    source instanceof Blob
      ? await readBytes(source).catch((error) => Promise.reject(asImageError(error)))
      : await copyOf(source instanceof ArrayBuffer ? new Uint8Array(source) : source, signal);
  return { image: bytes, transfer: [bytes.buffer as ArrayBuffer] };
}

/** Only what a view shows: the buffer below it may be much larger. */
async function copyOf(bytes: Uint8Array | Uint8ClampedArray, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.length);
  await copyInTurns(bytes, copy, createPacer(signal));
  return copy;
}

/** What `sendImage` sent. */
export function receiveImage(image: SentImage): ImageSource {
  return typeof image === "object" && "href" in image ? new URL(image.href) : image;
}

/** The platform's errors of files as ImageErrors, all else as it is. */
export function asImageError(error: unknown): unknown {
  if (!(error instanceof FileError)) return error;
  const code = error.code === "not-writable" ? "not-readable" : error.code;
  return new ImageError(code, error.message, { cause: error });
}

/** What an image calls itself: its path, URL or file name. */
export function nameOf(source: ImageSource): string | undefined {
  const address = addressOf(source);
  if (address !== undefined) return shortAddress(address);
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Blob && "name" in source && typeof source.name === "string") return source.name;
  return undefined;
}

const expected =
  "give a path, a URL object, bytes (Uint8Array, ArrayBuffer), a Blob, or pixels { width, height, data }";

function isReadable(source: Exclude<ImageSource, PixelSource>): boolean {
  if (typeof source === "string" || source instanceof URL) return true;
  return source instanceof Uint8Array || source instanceof ArrayBuffer || source instanceof Blob;
}

function isPixels(source: ImageSource): source is PixelSource {
  return typeof source === "object" && source !== null && "width" in source && "height" in source && "data" in source;
}
