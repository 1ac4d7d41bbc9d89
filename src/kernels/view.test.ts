/** The ops that only rename the same bytes: their shape rules, and which of them leave dimension 0 as it is. */
import { describe, expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../test/support/small-tensor.ts";
import { ShapeError } from "../errors.ts";
import { flatten } from "./flatten/flatten.op.ts";
import { reshape } from "./reshape/reshape.op.ts";

describe("flatten", () => {
  test.each([
    [1, -1, [2, 60]],
    [0, -1, [120]],
    [0, 1, [6, 4, 5]],
    [-3, -2, [2, 12, 5]],
    [2, 2, [2, 3, 4, 5]],
  ])("dimensions %i to %i", (startDim, endDim, shape) => {
    expect(flatten.shape({ startDim, endDim }, [[2, 3, 4, 5]])).toEqual(shape);
  });
  test("a scalar becomes a vector", () => {
    expect(flatten.shape({ startDim: 0, endDim: -1 }, [[]])).toEqual([1]);
  });
  test("dimension 0 is a repeat where it stays", () => {
    expect(flatten.repeats({ startDim: 1, endDim: -1 }, [[2, 3, 4]])).toEqual([true]);
    expect(flatten.repeats({ startDim: 0, endDim: 1 }, [[2, 3, 4]])).toBeUndefined();
  });
  test.each([
    ["flatten: startDim is 4 and x is 2×3×4×5: expected a whole number from -4 to 3", 4, -1],
    ["flatten: endDim is -5 and x is 2×3×4×5: expected a whole number from -4 to 3", 0, -5],
    ["flatten: startDim is 0.5 and x is 2×3×4×5: expected a whole number from -4 to 3", 0.5, -1],
    ["flatten: x is 2×3×4×5, startDim is 2, endDim is 1: expected startDim not after endDim", 2, 1],
  ])("%s", (message, startDim, endDim) => {
    expect(() => flatten.shape({ startDim, endDim }, [[2, 3, 4, 5]])).toThrow(new ShapeError(message));
  });
});

describe("reshape", () => {
  test.each([
    [
      [2, 3, 4],
      [2, 12],
      [2, 12],
    ],
    [
      [2, 3, 4],
      [4, -1],
      [4, 6],
    ],
    [[2, 3, 4], [-1], [24]],
    [[1], [], []],
  ])("%j as %j", (x, shape, expected) => {
    expect(reshape.shape({ shape }, [x])).toEqual(expected);
  });
  test("keeps the numbers in their order, in an array of its own", () => {
    const x = smallTensor([2, 3], upFrom1(6));
    const y = reshape.reference({ shape: [3, 2] }, [x]);
    expect(y).toEqual(smallTensor([3, 2], upFrom1(6)));
    expect(y.data.buffer).not.toBe(x.data.buffer);
  });
  test("dimension 0 is a repeat where it stays", () => {
    expect(reshape.repeats({ shape: [2, -1] }, [[2, 3, 4]])).toEqual([true]);
    expect(reshape.repeats({ shape: [-1, 4] }, [[2, 3, 4]])).toBeUndefined();
  });
  const whole = "expected whole numbers of at least 1, of which one may be -1";
  test.each([
    ["reshape: x is 2×3, shape is [4, 2]: expected a shape of 6 numbers, not of 8", [4, 2]],
    ["reshape: x is 2×3, shape is [4, -1]: expected a shape of 6 numbers, not of a multiple of 4", [4, -1]],
    [`reshape: x is 2×3, shape is [-1, -1]: ${whole}`, [-1, -1]],
    [`reshape: x is 2×3, shape is [0, -1]: ${whole}`, [0, -1]],
    [`reshape: x is 2×3, shape is [-2, 3]: ${whole}`, [-2, 3]],
    [`reshape: x is 2×3, shape is [1.5, 4]: ${whole}`, [1.5, 4]],
  ])("%s", (message, shape) => {
    expect(() => reshape.shape({ shape }, [[2, 3]])).toThrow(new ShapeError(message));
  });
});
