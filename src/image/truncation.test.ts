/** Where a file may end: held against Pillow, whose answers tools/golden/images.py found by cutting each file everywhere. */
import { describe, expect, it } from "vitest";
import { expectPicture, goldens, readFixture } from "../../test/support/image-goldens.ts";
import { ImageError } from "../errors.ts";
import { decodeImage } from "./decode.ts";

describe("a file that ends too soon is an error, at the byte where it is one for Pillow", () => {
  it.each(Object.entries(goldens.shortest))("%s from %i bytes on", async (name, pillow) => {
    const file = readFixture(name);
    // A JPEG must have its end marker. Pillow decodes some that lack it: those whose last bits it happens to have buffered.
    const shortest = name.startsWith("jpeg/") ? file.length : pillow;
    expect(shortest - pillow).toBeLessThanOrEqual(2);
    const outcomes = async (length: number) => {
      try {
        expectPicture(await decodeImage(file.subarray(0, length), { name }), goldens.decode[name]!);
        return "decoded";
      } catch (error) {
        expect(error, `${length} bytes`).toBeInstanceOf(ImageError);
        return (error as ImageError).code;
      }
    };
    const near = Array.from({ length: 24 }, (_, i) => shortest - 12 + i).filter((length) => length <= file.length);
    const spread = Array.from({ length: 60 }, (_, i) => Math.floor((i * shortest) / 60));
    for (const length of [...spread, ...near, file.length]) {
      const outcome = await outcomes(length);
      if (length >= shortest) expect(outcome, `${length} of ${file.length} bytes`).toBe("decoded");
      else expect(outcome, `${length} of ${file.length} bytes`).toBe(length === 0 ? "not-an-image" : "truncated");
    }
  });

  it("whatever follows the end is ignored", async () => {
    for (const name of ["jpeg/420.jpg", "png/rgb-8.png", "webp/lossy.webp", "gif/plain.gif"]) {
      const longer = new Uint8Array([...readFixture(name), ...new TextEncoder().encode("and more"), 0xff, 0xd8, 0xff]);
      expectPicture(await decodeImage(longer, { name }), goldens.decode[name]!);
    }
  });
});
