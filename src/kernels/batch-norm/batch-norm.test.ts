/** batchNorm's reference against numbers computed by hand, and the messages of its shape rule. */
import { expect, test } from "vitest";
import { smallTensor } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { batchNorm } from "./batch-norm.op.ts";

const of = (...numbers: number[]) => smallTensor([numbers.length], numbers);
/** Channel 0: (x − 1) / 2 · 3 + 4; channel 1: (x − 0) / 1 · 10 + 0. */
const statistics = [of(1, 0), of(3, 0), of(3, 10), of(4, 0)];

test("each channel by its own statistics, eps beside the variance", () => {
  const x = smallTensor([2, 2, 1, 2], [1, 3, 1, 3, 5, -1, 0, 2]);
  const y = batchNorm.reference({ eps: 1 }, [x, ...statistics]);
  expect(y).toEqual(smallTensor([2, 2, 1, 2], [4, 7, 10, 30, 10, 1, 0, 20]));
});

test("rank 2: one number a channel", () => {
  const y = batchNorm.reference({ eps: 1 }, [smallTensor([2, 2], [1, 1, 3, 3]), ...statistics]);
  expect([...y.data]).toEqual([4, 10, 7, 30]);
});

test("the problem is one repeat's channels and positions", () => {
  const shapes = [[1, 6, 4, 5], [6], [6], [6], [6]];
  expect(batchNorm.problem({ eps: 0.1 }, shapes, [])).toEqual({ channels: 6, positions: 20, eps: 0.1 });
});

test.each<[string, number, number[], number[]]>([
  ["batchNorm: x is 4: expected rank 2 or more, N×C×…", 1e-5, [4], [4]],
  ["batchNorm: x is 1×3×8×8: mean is 4, expected 3", 1e-5, [1, 3, 8, 8], [4]],
  ["batchNorm: eps is -1; expected a number of at least 0", -1, [1, 3, 8, 8], [3]],
  ["batchNorm: eps is NaN; expected a number of at least 0", Number.NaN, [1, 3, 8, 8], [3]],
])("%s", (message, eps, x, channels) => {
  const shapes = [x, channels, channels, channels, channels];
  expect(() => batchNorm.shape({ eps }, shapes)).toThrow(new ShapeError(message));
});
