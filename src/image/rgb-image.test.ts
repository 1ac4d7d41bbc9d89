import { describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { checkDimensions, fromImageData, maxPixels, packRgb } from "./rgb-image.ts";

describe("fromImageData", () => {
  it("ignores alpha and keeps colours, without a copy", () => {
    const data = new Uint8ClampedArray([1, 2, 3, 0, 4, 5, 6, 128]);
    const image = fromImageData({ width: 1, height: 2, data });
    expect(image.data.buffer).toBe(data.buffer);
    expect(packRgb(image)).toEqual({ width: 1, height: 2, data: new Uint8Array([1, 2, 3, 4, 5, 6]) });
  });

  it.each([
    [2, 2, 12, "12 values for 2×2 pixels, expected 16"],
    [0, 2, 0, "neither side may be zero"],
    [1.5, 2, 12, "for 1.5×2 pixels"],
    [-1, -1, 4, "neither side may be zero"],
  ])("refuses %d×%d with %d values", (width, height, length, says) => {
    const call = () => fromImageData({ width, height, data: new Uint8Array(length) });
    expect(call).toThrow(ImageError);
    expect(call).toThrow(says);
  });
});

describe("checkDimensions", () => {
  it("allows as many pixels as Pillow", () => {
    expect(() => checkDimensions(maxPixels, 1)).not.toThrow();
    expect(() => checkDimensions(maxPixels + 1, 1)).toThrow("178956971×1 is 178,956,971 pixels: at most 178,956,970");
  });
});
