/** Element-wise ops: values by hand, NumPy's broadcasting, and how a binary problem joins dimensions. */
import { describe, expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { add } from "../add/add.op.ts";
import { div } from "../div/div.op.ts";
import { mul } from "../mul/mul.op.ts";
import { relu } from "../relu/relu.op.ts";
import { sub } from "../sub/sub.op.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

test("relu is max(x, 0), and NaN stays NaN", () => {
  const x = smallTensor([2, 3], [-2, 0, 3.5, nan, -inf, inf]);
  expect(relu.reference({}, [x])).toEqual(smallTensor([2, 3], [0, 0, 3.5, nan, 0, inf]));
});

describe("two numbers", () => {
  const a = smallTensor([3], [6, -1, 0]);
  const b = smallTensor([3], [4, 2, 0]);
  test.each([
    [add, [10, 1, 0]],
    [sub, [2, -3, 0]],
    [mul, [24, -2, 0]],
    [div, [1.5, -0.5, nan]],
  ])("$name", (op, expected) => {
    expect([...op.reference({}, [a, b]).data]).toEqual(expected);
  });
});

test.each([
  ["a row to each row", [2, 3], [3], [2, 3], [0, 0, 0, 3, 3, 3]],
  ["a column to each column", [2, 3], [2, 1], [2, 3], [0, 1, 2, 2, 3, 4]],
  ["a column and a row", [2, 1], [1, 3], [2, 3], [0, -1, -2, 1, 0, -1]],
  ["a scalar", [2, 2], [], [2, 2], [0, 1, 2, 3]],
  ["a scalar on the left", [], [3], [3], [0, -1, -2]],
  ["two ranks", [2, 1, 2], [2, 1], [2, 2, 2], [0, 1, -1, 0, 2, 3, 1, 2]],
])("broadcasting: %s", (_, a, b, shape, expected) => {
  const count = (dims: number[]) => dims.reduce((product, dim) => product * dim, 1);
  const operands = [a, b].map((dims) => smallTensor(dims, upFrom1(count(dims))));
  const result = sub.reference({}, operands);
  expect(result.shape).toEqual(shape);
  expect([...result.data]).toEqual(expected);
});

describe("a binary problem", () => {
  const both = [true, true];
  test("equal shapes are one flat run", () => {
    expect(
      add.problem(
        {},
        [
          [1, 3, 4, 5],
          [1, 3, 4, 5],
        ],
        both,
      ),
    ).toEqual({
      ...{ shape: [60], strides: [[1], [1]], elements: 60, sizes: [60, 60], walks: both, sameShape: true },
    });
  });
  test("a number for each channel: channels, and positions over which it repeats", () => {
    expect(
      add.problem(
        {},
        [
          [1, 3, 4, 5],
          [3, 1, 1],
        ],
        [true, false],
      ),
    ).toEqual({
      ...{
        shape: [3, 20],
        strides: [
          [20, 1],
          [1, 0],
        ],
        elements: 60,
        sizes: [60, 3],
        walks: [true, false],
      },
      sameShape: false,
    });
  });
  test("numbers of the same bytes but of another rank are not of the same shape: their layouts may differ", () => {
    expect(
      add.problem(
        {},
        [
          [1, 3, 4, 5],
          [3, 4, 5],
        ],
        [true, false],
      ),
    ).toMatchObject({ shape: [60], sameShape: false });
  });
  test("dimensions that only one operand has are kept apart", () => {
    expect(
      add.problem(
        {},
        [
          [2, 1, 4],
          [3, 1],
        ],
        [false, false],
      ),
    ).toMatchObject({
      ...{
        shape: [2, 3, 4],
        strides: [
          [4, 0, 1],
          [0, 1, 0],
        ],
      },
    });
  });
  test("one number has one dimension", () => {
    expect(add.problem({}, [[], []], [false, false])).toMatchObject({ shape: [1], elements: 1 });
  });
  test("an operand walks along dimension 0 when it has it", () => {
    expect(
      add.repeats({}, [
        [5, 3],
        [5, 3],
      ]),
    ).toEqual([true, true]);
    expect(add.repeats({}, [[5, 3], [3]])).toEqual([true, false]);
    expect(
      add.repeats({}, [
        [1, 3],
        [5, 3],
      ]),
    ).toEqual([false, true]);
    expect(add.repeats({}, [[3], [5, 3]])).toEqual([false, true]);
    expect(add.repeats({}, [[], []])).toBeUndefined();
  });
});

test.each([[add], [sub], [mul], [div]])("$name says which shapes do not go together", (op) => {
  expect(() =>
    op.shape({}, [
      [2, 3],
      [2, 4],
    ]),
  ).toThrow(
    new ShapeError(
      `${op.name}: a is 2×3, b is 2×4: expected shapes that broadcast: counted from the last, dimensions are equal or 1`,
    ),
  );
});
