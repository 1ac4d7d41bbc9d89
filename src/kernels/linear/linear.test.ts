/** linear's reference against numbers computed by hand, and the messages of its shape rule. */
import { expect, test } from "vitest";
import { smallTensor } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { linear } from "./linear.op.ts";

const weight = smallTensor([2, 3], [1, 2, 3, 10, 20, 30]);

test("each row of x by each row of the weight, plus the bias", () => {
  const x = smallTensor([2, 3], [1, 0, 0, 1, 1, 1]);
  expect(linear.reference({ bias: false }, [x, weight])).toEqual(smallTensor([2, 2], [1, 10, 6, 60]));
  const bias = smallTensor([2], [0.5, -10]);
  expect(linear.reference({ bias: true }, [x, weight, bias])).toEqual(smallTensor([2, 2], [1.5, 0, 6.5, 50]));
});

test("x of any rank keeps its other dimensions", () => {
  const vector = linear.reference({ bias: false }, [smallTensor([3], [0, 1, 0]), weight]);
  expect(vector).toEqual(smallTensor([2], [2, 20]));
  const stack = linear.reference({ bias: false }, [smallTensor([2, 1, 3], [0, 0, 1, 1, 0, 0]), weight]);
  expect(stack).toEqual(smallTensor([2, 1, 2], [3, 30, 1, 10]));
});

test("sums are in float64", () => {
  const x = smallTensor([1, 3], [2 ** 24, 1, -(2 ** 24)]);
  expect([...linear.reference({ bias: false }, [x, smallTensor([1, 3], [1, 1, 1])]).data]).toEqual([1]);
});

test("rows are repeats, but a vector's numbers are none", () => {
  expect(linear.repeats({ bias: true }, [[5, 3], [2, 3], [2]])).toEqual([true, false, false]);
  expect(linear.repeats({ bias: true }, [[3], [2, 3], [2]])).toBeUndefined();
  expect(linear.problem({ bias: true }, [[1, 4, 3], [2, 3], [2]], [true, false, false])).toEqual({
    ...{ rows: 4, depth: 3, outFeatures: 2, bias: true },
  });
});

test.each<[string, boolean, number[][]]>([
  [
    "linear: x is 2×5, weight is 3×4: expected the last dimension of x to be 4, as weight's (O×K)",
    false,
    [
      [2, 5],
      [3, 4],
    ],
  ],
  [
    "linear: x is 2×5, weight is 3×5×1: expected weight of rank 2, O×K",
    false,
    [
      [2, 5],
      [3, 5, 1],
    ],
  ],
  ["linear: x is scalar, weight is 3×1: expected x of rank 1 or more, …×K", false, [[], [3, 1]]],
  ["linear: x is 2×5, weight is 3×5: bias is 5, expected 3", true, [[2, 5], [3, 5], [5]]],
])("%s", (message, bias, shapes) => {
  expect(() => linear.shape({ bias }, shapes)).toThrow(new ShapeError(message));
});
