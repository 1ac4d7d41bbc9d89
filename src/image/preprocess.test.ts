import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preprocess, resizeAndCrop } from "./preprocess.ts";
import { type Preset, presets } from "./preset.ts";
import type { RgbImage } from "./rgb-image.ts";

const v1 = presets["torchvision-v1"];

function plain(width: number, height: number, [r, g, b]: readonly [number, number, number]): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => [r, g, b][i % 3]!) };
}

describe("preprocess", () => {
  it("gives planes of red, green and blue in float32", () => {
    const { shape, dtype, data } = preprocess(plain(300, 250, [0, 128, 255]), v1);
    expect(shape).toEqual([3, 224, 224]);
    expect(dtype).toBe("float32");
    const plane = 224 * 224;
    // What torch gives: (torch.tensor([0, 128, 255.0]) / 255 - mean) / std.
    expect(data[0]).toBe(Math.fround(-2.1179039478302));
    expect(data[plane + 5]).toBe(Math.fround(0.20518219470977783));
    expect(data[3 * plane - 1]).toBe(Math.fround(2.640000104904175));
    expect(new Set(data).size).toBe(3);
  });
});

describe("resizeAndCrop", () => {
  const preset = (resize: Preset["resize"], crop: number): Preset => ({ ...v1, resize, crop });

  it("pads what is smaller than the crop with zeros, the odd row and column at the end", () => {
    const { width, data } = resizeAndCrop(plain(3, 5, [7, 7, 7]), preset({ shorter: 3 }, 6));
    const rows = Array.from({ length: 6 }, (_, y) =>
      Array.from({ length: width }, (_, x) => data[(y * width + x) * 3]),
    );
    const inside = [0, 7, 7, 7, 0, 0];
    expect(rows).toEqual([inside, inside, inside, inside, inside, [0, 0, 0, 0, 0, 0]]);
  });

  it("rounds halves to even: of 5 columns too many 2 go from the left, of 7 four", () => {
    const columns = (width: number): RgbImage => ({
      width,
      height: 4,
      data: Uint8Array.from({ length: width * 4 * 3 }, (_, i) => Math.floor(i / 3) % width),
    });
    expect(resizeAndCrop(columns(9), preset({ shorter: 4 }, 4)).data[0]).toBe(2);
    expect(resizeAndCrop(columns(11), preset({ shorter: 4 }, 4)).data[0]).toBe(4);
  });

  it("takes any shape, and only computes what is inside the crop", () => {
    const shapes = [[1, 1], [1, 5000], [5000, 1], [2, 65_500], [65_500, 2], [223, 225]] as const; // biome-ignore format: pairs
    for (const [width, height] of shapes) {
      for (const each of Object.values(presets)) {
        const square = resizeAndCrop(plain(width, height, [10, 20, 30]), each);
        expect([square.width, square.height]).toEqual([224, 224]);
        expect([...square.data.subarray(0, 3), ...square.data.subarray(-3)]).toEqual([10, 20, 30, 10, 20, 30]);
      }
    }
  });

  it("of a mirrored picture is the mirrored crop, where the sizes are even", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(1000),
        (half, height, seed) => {
          const width = 2 * half;
          const data = Uint8Array.from(
            { length: width * height * 3 },
            (_, i) => Math.imul(i + seed, 2654435761) >>> 24,
          );
          const mirrored = data.map((_, i) => {
            const pixel = Math.floor(i / 3);
            const x = pixel % width;
            return data[(pixel - x + (width - 1 - x)) * 3 + (i % 3)]!;
          });
          const squash = preset({ squash: [8, 6] }, 4);
          const a = resizeAndCrop({ width, height, data }, squash);
          const b = resizeAndCrop({ width, height, data: mirrored }, squash);
          for (let y = 0; y < 4; y++) {
            for (let x = 0; x < 4; x++) expect(a.data[(y * 4 + x) * 3 + 1]).toBe(b.data[(y * 4 + 3 - x) * 3 + 1]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
