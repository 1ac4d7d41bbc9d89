/**
 * Damaged files of every kind: whatever the bytes, decoding ends, with a picture or with one ImageError, and leaves the decoders able
 * to go on. The seed is fixed, so a failure can be had again.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectPicture, goldens, readFixture } from "../../test/support/image-goldens.ts";
import { ImageError } from "../errors.ts";
import { decodeImage } from "./decode.ts";
import { packRgb } from "./rgb-image.ts";

const files = Object.keys(goldens.decode).map((name) => ({ name, bytes: readFixture(name) }));

/** A change to a file: at a place in it (0 to 1), a run of bytes is replaced, put in, or taken out; or all from there on. */
const change = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  how: fc.constantFrom("replace", "replace", "insert", "remove", "cut"),
  bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.uint8Array({ minLength: 1, maxLength: 60 })),
});

function damage(file: Uint8Array, changes: readonly { place: number; how: string; bytes: Uint8Array }[]): Uint8Array {
  let bytes = file;
  for (const { place, how, bytes: run } of changes) {
    // Headers are short and matter most: places crowd at the beginning.
    const at = Math.floor(place ** 3 * bytes.length);
    const rest = how === "insert" ? at : how === "cut" ? bytes.length : at + run.length;
    bytes = new Uint8Array([
      ...bytes.subarray(0, at),
      ...(how === "remove" || how === "cut" ? [] : run),
      ...bytes.subarray(rest),
    ]);
  }
  return bytes;
}

async function decodesOrFails(bytes: Uint8Array, name: string): Promise<void> {
  try {
    const { width, height, data } = packRgb(await decodeImage(bytes, { name, exif: true }));
    expect(data.length).toBe(width * height * 3);
    expect(width * height).toBeGreaterThan(0);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    expect(error.message.startsWith(`${name}: `), error.message).toBe(true);
    expect(error.message.length).toBeLessThan(300);
  }
}

describe("damaged files", () => {
  it("decode or fail with one ImageError", async () => {
    const cases = fc.asyncProperty(
      fc.nat(files.length - 1),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (i, changes) => {
        const { name, bytes } = files[i]!;
        return decodesOrFails(damage(bytes, changes), name);
      },
    );
    await fc.assert(cases, { numRuns: 800, seed: 20_240_817, endOnFailure: true });
    // The WebAssembly instances were thrown away many times: what comes after is right.
    for (const { name, bytes } of files) expectPicture(await decodeImage(bytes), goldens.decode[name]!);
  });

  it("made of nothing but the right beginning fail too", async () => {
    const beginnings = [
      "\xff\xd8\xff",
      "\x89PNG\r\n\x1a\n",
      "RIFF\xff\0\0\0WEBPVP8 ",
      "RIFF\xff\0\0\0WEBPVP8L",
      "GIF89a",
    ];
    const cases = fc.asyncProperty(
      fc.constantFrom(...beginnings),
      fc.uint8Array({ maxLength: 300 }),
      (beginning, rest) =>
        decodesOrFails(new Uint8Array([...Array.from(beginning, (char) => char.charCodeAt(0)), ...rest]), "noise"),
    );
    await fc.assert(cases, { numRuns: 300, seed: 7, endOnFailure: true });
  });
});
