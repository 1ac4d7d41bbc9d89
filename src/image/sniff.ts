/**
 * What a file is by its first bytes, whatever its name says: one of the four formats that are read, or an error that names what
 * it is instead.
 */
import { ImageError } from "../errors.ts";

export type ImageFormat = "jpeg" | "png" | "webp" | "gif";

const accepted = "JPEG, PNG, WebP and GIF are read";

/** Magic bytes as text, each character a byte and `?` any byte, at an offset. */
interface Magic {
  readonly magic: string;
  readonly at?: number;
  readonly is: string;
}

const formats: readonly { magic: string; is: ImageFormat }[] = [
  { magic: "\xff\xd8\xff", is: "jpeg" },
  { magic: "\x89PNG\r\n\x1a\n", is: "png" },
  { magic: "RIFF????WEBP", is: "webp" },
  { magic: "GIF87a", is: "gif" },
  { magic: "GIF89a", is: "gif" },
];

const otherImages: readonly Magic[] = [
  { magic: "BM????\0\0\0\0", is: "a BMP image" },
  { magic: "II*\0", is: "a TIFF image" },
  { magic: "MM\0*", is: "a TIFF image" },
  { magic: "II+\0", is: "a BigTIFF image" },
  { magic: "MM\0+", is: "a BigTIFF image" },
  { magic: "ftypavi", at: 4, is: "an AVIF image" },
  { magic: "ftyphe", at: 4, is: "a HEIC image" },
  { magic: "ftypmif1", at: 4, is: "a HEIF image" },
  { magic: "ftypmsf1", at: 4, is: "a HEIF image" },
  { magic: "\xff\x0a", is: "a JPEG XL image" },
  { magic: "\0\0\0\x0cJXL ", is: "a JPEG XL image" },
  { magic: "\0\0\0\x0cjP  ", is: "a JPEG 2000 image" },
  { magic: "\xff\x4f\xff\x51", is: "a JPEG 2000 image" },
  { magic: "\0\0\x01\0", is: "a Windows icon (ICO)" },
  { magic: "\0\0\x02\0", is: "a Windows cursor (CUR)" },
  { magic: "icns", is: "an Apple icon (ICNS)" },
  { magic: "8BPS", is: "a Photoshop image (PSD)" },
  { magic: "v/1\x01", is: "an OpenEXR image" },
  { magic: "DDS ", is: "a DDS image" },
  { magic: "qoif", is: "a QOI image" },
  { magic: "\x8aMNG", is: "an MNG animation" },
];

const otherFiles: readonly Magic[] = [
  { magic: "%PDF-", is: "a PDF document" },
  { magic: "%!PS", is: "a PostScript document" },
  { magic: "PK\x03\x04", is: "a ZIP archive" },
  { magic: "\x1f\x8b", is: "a gzip archive" },
  { magic: "ftyp", at: 4, is: "a video (MP4 or QuickTime)" },
  { magic: "RIFF????AVI ", is: "a video (AVI)" },
  { magic: "RIFF????WAVE", is: "a sound (WAV)" },
  { magic: "\x93NUMPY", is: "a NumPy array" },
  { magic: "version https://git-lfs", is: "a pointer of Git LFS (fetch the file itself with `git lfs pull`)" },
];

/**
 * @returns the format of a file that begins with `bytes`
 * @throws ImageError without the file's name: unsupported for images of other formats, truncated for a beginning that is too
 * short, not-an-image for everything else
 */
export function sniffFormat(bytes: Uint8Array): ImageFormat {
  const found = formats.find((format) => matches(bytes, format));
  if (found) return found.is;
  if (bytes.length === 0) throw new ImageError("not-an-image", `not an image: the file is empty; ${accepted}`);
  if (
    formats.some(({ magic }) => bytes.length < magic.length && matches(bytes, { magic: magic.slice(0, bytes.length) }))
  ) {
    throw new ImageError("truncated", `truncated: only ${bytes.length} bytes of an image file; ${accepted}`);
  }
  const image = otherImages.find((other) => matches(bytes, other));
  if (image) throw new ImageError("unsupported", `${image.is}, which is not read; ${accepted}`);
  const file = otherFiles.find((other) => matches(bytes, other))?.is ?? markupKind(bytes);
  if (file) throw new ImageError("not-an-image", `not an image but ${file}; ${accepted}`);
  throw new ImageError("not-an-image", `not an image: starts with ${beginning(bytes)}; ${accepted}`);
}

function matches(bytes: Uint8Array, { magic, at = 0 }: { magic: string; at?: number }): boolean {
  if (bytes.length < at + magic.length) return false;
  for (let i = 0; i < magic.length; i++) {
    if (magic[i] !== "?" && bytes[at + i] !== magic.charCodeAt(i)) return false;
  }
  return true;
}

/** SVG and HTML begin with whatever their authors like; the element's name comes soon. */
function markupKind(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).replace(/^\xef\xbb\xbf/, "");
  if (!start.trimStart().startsWith("<")) return undefined;
  if (/<svg[\s>]/i.test(start)) return "an SVG drawing (draw it to pixels first)";
  return /<(!doctype html|html|head|body)[\s>]/i.test(start) ? "an HTML page" : undefined;
}

/** Five characters in quotes where the bytes are text, else eight bytes in hexadecimal. */
function beginning(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 24), { stream: true });
  const start = [...text].slice(0, 5).join("");
  // Letters, marks, numbers, punctuation, symbols and ordinary white space; U+FFFD stands for bytes that are no text.
  if (start !== "" && !start.includes("\ufffd") && /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\t\r\n]+$/u.test(start)) {
    return JSON.stringify(start);
  }
  return `bytes ${[...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
