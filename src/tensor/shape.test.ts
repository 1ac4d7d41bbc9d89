/** Shapes: their arithmetic, and which go together. */
import { describe, expect, test } from "vitest";
import { broadcastShapes, formatShape, isShape, sameShape, sizeOf, stridesOf } from "./shape.ts";

test("sizes and strides are row-major, and a scalar's are those of one number", () => {
  expect(sizeOf([2, 3, 4])).toBe(24);
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  expect(sizeOf([])).toBe(1);
  expect(stridesOf([])).toEqual([]);
  expect(sizeOf([3, 0])).toBe(0);
});

test("are printed as an error shows them", () => {
  expect(formatShape(["batch", 64, 7, 7])).toBe("batch×64×7×7");
  expect(formatShape([])).toBe("scalar");
});

test("are the same only where rank and every dimension are", () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(sameShape([2, 3, 1], [2, 3])).toBe(false);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
});

test("are lists of whole numbers whose product can be counted", () => {
  for (const shape of [[], [0], [1, 2 ** 40]]) expect(isShape(shape)).toBe(true);
  for (const shape of [[-1], [1.5], [Number.NaN], [2 ** 30, 2 ** 30]]) expect(isShape(shape)).toBe(false);
});

describe("broadcast", () => {
  test.each([
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[], [2, 3], [2, 3]],
    [
      [5, 1, 4],
      [3, 1],
      [5, 3, 4],
    ],
    [[0, 3], [1], [0, 3]],
  ])("%j and %j give %j", (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected);
    expect(broadcastShapes(b, a)).toEqual(expected);
  });

  test.each([
    [[2], [3]],
    [
      [2, 3],
      [2, 1, 4],
    ],
    [[0], [2]],
  ])("%j and %j do not go together", (a, b) => {
    expect(broadcastShapes(a, b)).toBeUndefined();
    expect(broadcastShapes(b, a)).toBeUndefined();
  });
});
