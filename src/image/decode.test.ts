/** What is no image, or one that is not read: each kind of error, by its code and its words. Pixels are goldens.test.ts's. */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { expectPicture, goldens, readFixture } from "../../test/support/image-goldens.ts";
import { ImageError } from "../errors.ts";
import { decodeImage } from "./decode.ts";
import type { RgbImage } from "./rgb-image.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const word = (value: number) => [value >> 8, value & 255];

/** A fixture with some bytes replaced. */
function patched(name: string, at: number, ...values: number[]): Uint8Array {
  const file = readFixture(name);
  file.set(values, at);
  return file;
}

/** The position of a JPEG's marker. */
function findMarker(file: Uint8Array, code: number): number {
  return file.findIndex((byte, i) => byte === 0xff && file[i + 1] === code);
}

/** A JPEG whose frame header is that: precision, size, and components of (id, factors). */
function jpegHeader(marker: number, precision: number, width: number, height: number, components: number): Uint8Array {
  const parts = Array.from({ length: components }, (_, i) => [i + 1, 0x11, 0]);
  const frame = [precision, ...word(height), ...word(width), components, ...parts.flat()];
  return new Uint8Array([0xff, 0xd8, 0xff, marker, ...word(frame.length + 2), ...frame, 0xff, 0xd9]);
}

/** A PNG that declares another size. */
function pngHeader(width: number, height: number): Uint8Array {
  const file = readFixture("png/rgb-8.png");
  const view = new DataView(file.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  view.setUint32(29, crc32(file.subarray(12, 29)));
  return file;
}

async function failure(file: Uint8Array, name = "cat.jpg"): Promise<{ code: string; message: string }> {
  const error = await decodeImage(file, { name }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImageError);
  const { code, message } = error as ImageError;
  expect(message.startsWith(`${name}: `), message).toBe(true);
  expect(message).not.toContain("\n");
  return { code, message };
}

describe("what is not an image says what it is instead", () => {
  it("text, in the words of the documentation", async () => {
    expect(await failure(bytes("The quick brown fox"), "cat.txt")).toEqual({
      code: "not-an-image",
      message: 'cat.txt: not an image: starts with "The q"; JPEG, PNG, WebP and GIF are read',
    });
  });

  it.each([
    ["an empty file", "", "not-an-image", "the file is empty"],
    [
      "bytes that are no text",
      "\x00\x01\x02\xfe\x07\x08\x09\x0a\x0b",
      "not-an-image",
      "starts with bytes 00 01 02 fe 07 08 09 0a",
    ],
    ["two letters", "hi", "not-an-image", 'starts with "hi"'],
    ["text that begins like a BMP", "BMW makes cars, and motorcycles", "not-an-image", 'starts with "BMW m"'],
    ["a BMP", "BM\x36\x10\0\0\0\0\0\0\x36\0\0\0", "unsupported", "a BMP image"],
    ["a TIFF, little-endian", "II*\0\x08\0\0\0", "unsupported", "a TIFF image"],
    ["a TIFF, big-endian", "MM\0*\0\0\0\x08", "unsupported", "a TIFF image"],
    ["an AVIF", "\0\0\0\x1cftypavif\0\0\0\0", "unsupported", "an AVIF image"],
    ["a HEIC", "\0\0\0\x18ftypheic\0\0\0\0", "unsupported", "a HEIC image"],
    ["a JPEG XL codestream", "\xff\x0a\x7f\x00", "unsupported", "a JPEG XL image"],
    ["a JPEG XL container", "\0\0\0\x0cJXL \r\n\x87\n", "unsupported", "a JPEG XL image"],
    ["a JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n", "unsupported", "a JPEG 2000 image"],
    ["an icon", "\0\0\x01\0\x01\0\x10\x10", "unsupported", "a Windows icon (ICO)"],
    ["a PSD", "8BPS\0\x01", "unsupported", "a Photoshop image (PSD)"],
    ["a PDF", "%PDF-1.7\n", "not-an-image", "not an image but a PDF document"],
    ["a ZIP", "PK\x03\x04\x14\0", "not-an-image", "not an image but a ZIP archive"],
    ["a video", "\0\0\0\x20ftypisom\0\0\x02\0", "not-an-image", "not an image but a video (MP4 or QuickTime)"],
    ["a sound", "RIFF\x24\0\0\0WAVEfmt ", "not-an-image", "not an image but a sound (WAV)"],
    [
      "an SVG",
      '<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg">',
      "not-an-image",
      "an SVG drawing",
    ],
    ["a page that came instead", "<!DOCTYPE html>\n<html><body>404", "not-an-image", "not an image but an HTML page"],
    [
      "a Git LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:0",
      "not-an-image",
      "a pointer of Git LFS",
    ],
  ])("%s", async (_, file, code, says) => {
    const error = await failure(bytes(file));
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(error.message).toMatch(/; JPEG, PNG, WebP and GIF are read$/);
  });

  it("the name defaults to image", async () => {
    await expect(decodeImage(bytes("no"))).rejects.toThrow(/^image: not an image/);
  });
});

describe("a file too small to be an image", () => {
  it.each([
    ["\xff\xd8", "truncated"],
    ["\x89PNG\r\n", "truncated"],
    ["RIFF\x20\0\0\0", "truncated"],
    ["GIF8", "truncated"],
    ["\xff\xd8\xff", "truncated"],
    ["\x89PNG\r\n\x1a\n", "truncated"],
    ["RIFF\x20\0\0\0WEBP", "truncated"],
    ["GIF89a", "truncated"],
  ])("%j", async (file, code) => {
    expect((await failure(bytes(file))).code).toBe(code);
  });
});

describe("a decompression bomb is told by its header, before anything is allocated", () => {
  it.each([
    ["JPEG", jpegHeader(0xc0, 8, 20_000, 10_000, 3), "20000×10000"],
    ["PNG", pngHeader(100_000, 100_000), "100000×100000"],
    ["WebP", patched("webp/animated.webp", 24, 0xff, 0xff, 0, 0xff, 0xff, 0), "65536×65536"],
    ["GIF", patched("gif/no-palette.gif", 6, 255, 255, 255, 255), "65535×65535"],
  ])("%s", async (_, file, size) => {
    const error = await failure(file);
    expect(error.code).toBe("too-large");
    expect(error.message).toContain(`${size} is `);
    expect(error.message).toContain("at most 178,956,970 are read");
  });

  it("one pixel more than Pillow reads is too many, and that many are not", async () => {
    expect((await failure(pngHeader(178_956_971, 1))).code).toBe("too-large");
    // Its pixels are not there, which is found without allocating any.
    expect((await failure(pngHeader(178_956_970, 1))).message).toContain("too short for 178956970×1 pixels");
  });

  it("so is a file far too small for the pixels it declares", async () => {
    const jpeg = readFixture("jpeg/444.jpg");
    const frame = findMarker(jpeg, 0xc0);
    jpeg.set([...word(13_000), ...word(13_000)], frame + 5);
    expect(await failure(jpeg)).toMatchObject({ code: "truncated", message: expect.stringContaining("13000×13000") });
  });
});

describe("JPEG that is not read says which", () => {
  it.each([
    ["12 bits", jpegHeader(0xc1, 12, 8, 8, 3), "12-bit JPEG"],
    ["lossless", jpegHeader(0xc3, 8, 8, 8, 3), "lossless JPEG"],
    ["arithmetic", jpegHeader(0xc9, 8, 8, 8, 3), "arithmetic-coded JPEG"],
    ["hierarchical", jpegHeader(0xc5, 8, 8, 8, 3), "hierarchical JPEG"],
    ["two components", jpegHeader(0xc0, 8, 8, 8, 2), "JPEG with 2 components"],
  ])("%s", async (_, file, kind) => {
    const error = await failure(file);
    expect(error.code).toBe("unsupported");
    expect(error.message).toContain(kind);
    expect(error.message).toContain("baseline and progressive");
  });

  it("damaged data are an error where libjpeg only warns", async () => {
    const file = readFixture("jpeg/420.jpg");
    const scan = findMarker(file, 0xda) + 14;
    const endsEarly = new Uint8Array([...file.subarray(0, scan + 400), 0xff, 0xd9]);
    expect((await failure(endsEarly)).code).toBe("truncated");
    const leftOver = new Uint8Array([...file.subarray(0, -2), ...file.subarray(scan, scan + 300), 0xff, 0xd9]);
    expect(await failure(leftOver)).toMatchObject({ code: "corrupt", message: expect.stringContaining("left over") });
    const noRestart = readFixture("jpeg/restart.jpg");
    noRestart[findMarker(noRestart, 0xd1) + 1] = 0xd5;
    expect((await failure(noRestart)).code).toBe("corrupt");
  });

  it("but padding, or a stray byte, before the end is harmless", async () => {
    const file = readFixture("jpeg/420.jpg");
    for (const stray of [[0x55], new Array<number>(500).fill(0)]) {
      const longer = new Uint8Array([...file.subarray(0, -2), ...stray, 0xff, 0xd9]);
      expectPicture(await decodeImage(longer), goldens.decode["jpeg/420.jpg"]!);
    }
  });

  it("no frame, no scan, impossible factors", async () => {
    expect((await failure(new Uint8Array([0xff, 0xd8, 0xff, 0xd9]))).message).toContain("no frame header");
    expect((await failure(jpegHeader(0xc0, 8, 8, 8, 3))).message).toContain("no scan");
    expect((await failure(jpegHeader(0xc0, 8, 8, 0, 3))).message).toContain("neither side may be zero");
    const factors = jpegHeader(0xc0, 8, 8, 8, 1);
    factors[13] = 0x50;
    expect((await failure(factors)).message).toContain("sampling factors");
  });
});

describe("PNG, WebP and GIF that cannot be read", () => {
  it.each([
    [
      "a checksum",
      patched("png/rgb-8.png", 60, readFixture("png/rgb-8.png")[60]! ^ 1),
      "the checksum of its IDAT chunk does not fit",
    ],
    ["a bad chunk", patched("png/rgb-8.png", 37, 0x07), "no chunk begins at byte 33"],
    ["no header first", patched("png/rgb-8.png", 12, 0x69), "does not begin with its header"],
    ["a WebP without an image", patched("webp/lossy.webp", 12, 0x58), "it has no image"],
    ["a WebP of garbage", patched("webp/lossless.webp", 40, ...new Array<number>(200).fill(0xaa)), "compressed pixels"],
    ["a GIF of no frame", patched("gif/no-palette.gif", 13, 0x3b), "it has no frame"],
    ["a GIF of long codes", patched("gif/no-palette.gif", 23, 12), "codes of 12 bits"],
    ["a GIF of a code that means nothing", patched("gif/no-palette.gif", 25, 0xff, 0xff), "damaged GIF"],
  ])("%s", async (_, file, says) => {
    const error = await failure(file);
    expect(error.code).toBe("corrupt");
    expect(error.message).toContain(says);
  });
});

describe("decoding many", () => {
  it("decodes after failures, and several at once, as if alone", async () => {
    const names = ["jpeg/420.jpg", "webp/lossy.webp", "jpeg/progressive-444.jpg", "png/rgb-8.png", "jpeg/cmyk.jpg"];
    const jobs = Array.from({ length: 60 }, (_, i) => {
      const name = names[i % names.length]!;
      const file = readFixture(name);
      return i % 3 === 2
        ? failure(file.subarray(0, file.length >> 1), name).then(() => undefined)
        : decodeImage(file, { name }).then((image): [RgbImage, string] => [image, name]);
    });
    for (const done of await Promise.all(jobs)) if (done) expectPicture(done[0], goldens.decode[done[1]]!);
  });

  it("throws the signal's reason, and nothing else, when aborted", async () => {
    const reason = new Error("enough");
    await expect(decodeImage(readFixture("jpeg/420.jpg"), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const decoding = decodeImage(readFixture("jpeg/420.jpg"), { signal: controller.signal });
    controller.abort(reason);
    await expect(decoding).rejects.toBe(reason);
  });

  it("takes bytes that begin in the middle of their buffer", async () => {
    for (const name of ["jpeg/420.jpg", "png/rgb-16.png", "webp/lossy.webp", "gif/plain.gif", "oriented/exif-6.jpg"]) {
      const file = readFixture(name);
      const shifted = new Uint8Array(file.length + 7).subarray(7);
      shifted.set(file);
      expectPicture(await decodeImage(shifted, { name }), goldens.decode[name]!);
    }
  });
});

it("leaves the global object as it was, which the decoders look things up in", async () => {
  const names = ["Uint8ClampedArray", "ImageData"];
  const look = () => names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  const before = look();
  for (const name of ["jpeg/420.jpg", "webp/lossy.webp"]) await decodeImage(readFixture(name));
  await failure(patched("webp/lossless.webp", 40, ...new Array<number>(200).fill(0xaa)));
  expect(look()).toEqual(before);
});
