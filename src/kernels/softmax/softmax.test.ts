/** softmax's reference against numbers computed by hand, and the messages of its shape rule. */
import { expect, test } from "vitest";
import { smallTensor } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { softmax } from "./softmax.op.ts";

const log = Math.log;
const rounded = (...numbers: number[]) => [...Float32Array.from(numbers)];

test("along each dimension: logarithms of 1, 3 and of 1, 1", () => {
  const x = smallTensor([2, 2], [log(1), log(3), log(1), log(1)]);
  expect([...softmax.reference({ dim: 1 }, [x]).data]).toEqual(rounded(0.25, 0.75, 0.5, 0.5));
  expect([...softmax.reference({ dim: 0 }, [x]).data]).toEqual(rounded(0.5, 0.75, 0.5, 0.25));
  expect(softmax.reference({ dim: -2 }, [x])).toEqual(softmax.reference({ dim: 0 }, [x]));
});

test("a middle dimension: numbers of one outer and inner index", () => {
  const x = smallTensor([1, 2, 2], [0, log(3), 0, log(1)]);
  expect([...softmax.reference({ dim: 1 }, [x]).data]).toEqual(rounded(0.5, 0.75, 0.5, 0.25));
});

test("numbers whose exponential overflows, or is 0", () => {
  expect([...softmax.reference({ dim: 0 }, [smallTensor([3], [1000, 1000, -1000])]).data]).toEqual([0.5, 0.5, 0]);
  expect([...softmax.reference({ dim: 0 }, [smallTensor([2], [-1000, -1000])]).data]).toEqual([0.5, 0.5]);
});

test("dimension 0 is a repeat unless the softmax is along it", () => {
  expect(softmax.repeats({ dim: 1 }, [[2, 3]])).toEqual([true]);
  expect(softmax.repeats({ dim: -2 }, [[2, 3]])).toBeUndefined();
  expect(softmax.problem({ dim: 2 }, [[1, 3, 5, 7]], [true])).toEqual({ outer: 3, length: 5, inner: 7 });
});

test.each([
  ["softmax: dim is 2 and x is 2×3: expected a whole number from -2 to 1", 2, [2, 3]],
  ["softmax: dim is -3 and x is 2×3: expected a whole number from -2 to 1", -3, [2, 3]],
  ["softmax: dim is 0 and x is scalar: a scalar has no dimensions", 0, []],
])("%s", (message, dim, x) => {
  expect(() => softmax.shape({ dim }, [x])).toThrow(new ShapeError(message));
});
