/** Parts against wholes, and properties; the bits themselves are held against Pillow in goldens.test.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resizeRegion } from "./resize.ts";
import { packRgb, type RgbImage } from "./rgb-image.ts";

function noise(width: number, height: number, seed = 1): RgbImage {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24),
  };
}

function crop({ width, data }: RgbImage, left: number, top: number, columns: number, rows: number): Uint8Array {
  const out: number[] = [];
  for (let y = top; y < top + rows; y++)
    out.push(...data.subarray((y * width + left) * 3, (y * width + left + columns) * 3));
  return new Uint8Array(out);
}

const side = fc.integer({ min: 1, max: 40 });
const interpolation = fc.constantFrom("bilinear" as const, "bicubic" as const);

describe("resizeRegion", () => {
  it("gives of any part the bits of the whole", () => {
    const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fraction,
        fraction,
        fraction,
        fraction,
        interpolation,
        (w, h, ow, oh, a, b, c, d, how) => {
          const image = noise(w, h);
          const left = Math.floor(a * ow);
          const top = Math.floor(b * oh);
          const width = 1 + Math.floor(c * (ow - left));
          const height = 1 + Math.floor(d * (oh - top));
          const size = { width: ow, height: oh };
          const whole = resizeRegion(image, size, { left: 0, top: 0, ...size }, how);
          const part = resizeRegion(image, size, { left, top, width, height }, how);
          expect([part.width, part.height]).toEqual([width, height]);
          expect(part.data).toEqual(crop(whole, left, top, width, height));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keeps one colour as it is, at any size", () => {
    fc.assert(
      fc.property(side, side, side, side, fc.nat(255), interpolation, (w, h, width, height, level, how) => {
        const image = { width: w, height: h, data: new Uint8Array(w * h * 3).fill(level) };
        const { data } = resizeRegion(image, { width, height }, { left: 0, top: 0, width, height }, how);
        expect(data).toEqual(new Uint8Array(width * height * 3).fill(level));
      }),
      { numRuns: 200 },
    );
  });

  it("of an unchanged size copies", () => {
    const image = noise(9, 7);
    const copy = resizeRegion(image, image, { left: 0, top: 0, width: 9, height: 7 });
    expect(copy.data).toEqual(image.data);
    copy.data[0]! ^= 1;
    expect(copy.data[0]).not.toBe(image.data[0]);
  });

  it("averages, by hand: two pixels to one, and one to two", () => {
    const image = { width: 2, height: 1, data: new Uint8Array([0, 10, 255, 1, 20, 254]) };
    const one = { left: 0, top: 0, width: 1, height: 1 };
    expect([...resizeRegion(image, { width: 1, height: 1 }, one).data]).toEqual([1, 15, 255]);
    const wide = resizeRegion(image, { width: 4, height: 1 }, { left: 0, top: 0, width: 4, height: 1 });
    // At the pixels' own quarters: 10, 10 + 10/4, 10 + 30/4, 20.
    expect([1, 4, 7, 10].map((i) => wide.data[i])).toEqual([10, 13, 18, 20]);
  });
});

describe("a byte behind each pixel", () => {
  it.each([
    ["across, then down", { width: 40, height: 30 }, { width: 13, height: 11 }],
    ["down, then across", { width: 20, height: 90 }, { width: 15, height: 11 }],
    ["across alone", { width: 40, height: 30 }, { width: 13, height: 30 }],
    ["down alone", { width: 40, height: 30 }, { width: 40, height: 11 }],
    ["neither", { width: 40, height: 30 }, { width: 40, height: 30 }],
  ])("changes nothing: %s", (_, from, size) => {
    const data = Uint8Array.from({ length: from.width * from.height * 4 }, (_, i) => (i * 2654435761) >>> 24);
    const wide: RgbImage = { ...from, data, pixelBytes: 4 };
    const region = { left: 1, top: 2, width: size.width - 3, height: size.height - 4 };
    const resized = resizeRegion(wide, size, region);
    expect(resized.data).toEqual(resizeRegion(packRgb(wide), size, region).data);
    expect(resized.data.length).toBe(region.width * region.height * 3);
  });
});
