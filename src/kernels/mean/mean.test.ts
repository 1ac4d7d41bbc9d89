/** mean's reference against numbers computed by hand, how its problem joins dimensions, and the messages of its shape rule. */
import { describe, expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { mean } from "./mean.op.ts";

const x = smallTensor([2, 3], upFrom1(6));

test.each([
  [[1], false, smallTensor([2], [2, 5])],
  [[0], false, smallTensor([3], [2.5, 3.5, 4.5])],
  [[0], true, smallTensor([1, 3], [2.5, 3.5, 4.5])],
  [[0, 1], false, smallTensor([], [3.5])],
  [[-1, -2], true, smallTensor([1, 1], [3.5])],
  [[], false, smallTensor([], [3.5])],
])("over %j, keepDim %s", (dims, keepDim, expected) => {
  expect(mean.reference({ dims, keepDim }, [x])).toEqual(expected);
});

test("over dimensions that are not neighbours", () => {
  const y = mean.reference({ dims: [0, 2], keepDim: false }, [smallTensor([2, 2, 2], upFrom1(8))]);
  expect(y).toEqual(smallTensor([2], [3.5, 5.5]));
});

test("sums are in float64", () => {
  const numbers = smallTensor([4], [2 ** 25, 1, 3, -(2 ** 25)]);
  expect([...mean.reference({ dims: [0], keepDim: false }, [numbers]).data]).toEqual([1]);
});

describe("the problem", () => {
  const attrs = (...dims: number[]) => ({ dims, keepDim: false });
  test("joins neighbours: the mean of an image's channel", () => {
    expect(mean.problem(attrs(2, 3), [[1, 6, 4, 5]], [true])).toEqual({
      kept: { shape: [6], strides: [20] },
      averaged: { shape: [20], strides: [1] },
      elements: 6,
      count: 20,
    });
  });
  test("keeps apart what is not neighbouring", () => {
    expect(mean.problem(attrs(1, 3), [[2, 3, 4, 5]], [false])).toMatchObject({
      kept: { shape: [2, 4], strides: [60, 5] },
      averaged: { shape: [3, 5], strides: [20, 1] },
    });
  });
  test("a mean of all keeps one step of no dimensions", () => {
    expect(mean.problem(attrs(), [[2, 3]], [false])).toEqual({
      ...{ kept: { shape: [], strides: [] }, averaged: { shape: [6], strides: [1] }, elements: 1, count: 6 },
    });
  });
  test("dimension 0 is a repeat unless it is averaged", () => {
    expect(mean.repeats(attrs(1), [[2, 3]])).toEqual([true]);
    expect(mean.repeats(attrs(-2), [[2, 3]])).toBeUndefined();
    expect(mean.repeats(attrs(), [[2, 3]])).toBeUndefined();
  });
});

test.each([
  ["mean: dims is 2 and x is 2×3: expected a whole number from -2 to 1", [0, 2]],
  ["mean: x is 2×3, dims is [1, -1]: expected each dimension once", [1, -1]],
])("%s", (message, dims) => {
  expect(() => mean.shape({ dims, keepDim: false }, [[2, 3]])).toThrow(new ShapeError(message));
});
