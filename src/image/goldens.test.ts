/** Bit for bit against Pillow 13 and torchvision, by the files and figures that tools/golden/images.py made. */
import { describe, expect, it } from "vitest";
import { expectPicture, goldens, readFixture, sha256 } from "../../test/support/image-goldens.ts";
import { decodeImage } from "./decode.ts";
import { preprocess, resizeAndCrop } from "./preprocess.ts";
import { type Preset, presets } from "./preset.ts";
import type { RgbImage } from "./rgb-image.ts";

describe("decoded pixels equal Pillow's", () => {
  it.each(Object.entries(goldens.decode))("%s", async (name, picture) => {
    expectPicture(await decodeImage(readFixture(name), { name }), picture);
  });

  it("but for what is otherwise on purpose: 16-bit grey's high byte, and a GIF's own palette where it is a grey ramp", () => {
    const names = Object.keys(goldens.different).sort();
    expect(names).toEqual([
      "gif/local-grey-palette.gif",
      "png/grey-16-interlaced.png",
      "png/grey-16-transparent.png",
      "png/grey-16.png",
    ]);
    for (const name of names) expect(goldens.different[name]!.pillow).not.toBe(goldens.decode[name]!.sha256);
  });
});

describe("with exif: true the picture is turned as Pillow's exif_transpose turns it", () => {
  it.each(Object.entries(goldens.turned))("%s", async (name, picture) => {
    expectPicture(await decodeImage(readFixture(name), { name, exif: true }), picture);
  });
});

describe("resize and crop of noise equal Pillow's and torchvision's", () => {
  const cases = goldens.resize.map((golden) => {
    const to = typeof golden.resize === "number" ? `${golden.resize}` : golden.resize.join("×");
    const title = `${golden.size.join("×")} → ${to}, ${golden.crop}, ${golden.interpolation}`;
    return { ...golden, title };
  });
  it.each(cases)("$title", ({ size, resize, crop, interpolation, sha256: expected }) => {
    const preset: Preset = {
      ...presets["torchvision-v1"],
      resize: typeof resize === "number" ? { shorter: resize } : { squash: resize },
      crop,
      interpolation,
    };
    expect(sha256(resizeAndCrop(noise(...size), preset).data)).toBe(expected);
  });
});

describe("photos to a network's input equal torchvision's", () => {
  it.each(Object.entries(goldens.prepare))("%s", async (name, golden) => {
    const image = await decodeImage(readFixture(name), { name });
    expectPicture(image, golden);
    for (const preset of Object.values(presets)) {
      const { crop, input } = golden[preset.name];
      expect(sha256(resizeAndCrop(image, preset).data), preset.name).toBe(crop);
      expect(sha256(preprocess(image, preset).data), preset.name).toBe(input);
    }
  });

  it("has photos of many kinds", () => {
    expect(Object.keys(goldens.prepare).length).toBeGreaterThanOrEqual(20);
    expect(goldens.pillow).toMatch(/^13\./);
  });
});

/** As `noise` in tools/golden/images.py. */
function noise(width: number, height: number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  return { width, height, data };
}
