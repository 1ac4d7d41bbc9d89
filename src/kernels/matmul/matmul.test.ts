/** matmul's reference against numbers computed by hand, and the messages of its shape rule. */
import { expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { matmul } from "./matmul.op.ts";

const a = smallTensor([2, 2], [1, 2, 3, 4]);

test("rows by columns", () => {
  const b = smallTensor([2, 3], upFrom1(6));
  expect(matmul.reference({}, [a, b])).toEqual(smallTensor([2, 3], [9, 12, 15, 19, 26, 33]));
});

test("a stack by one matrix", () => {
  const stack = smallTensor([2, 1, 2], [1, 0, 0, 1]);
  expect(matmul.reference({}, [stack, a])).toEqual(smallTensor([2, 1, 2], [1, 2, 3, 4]));
});

test("a stack by a stack, matrix by matrix; dimension 0 of 1 serves all", () => {
  const rows = smallTensor([2, 1, 2], [1, 10, 100, 1000]);
  const columns = smallTensor([2, 2, 1], [1, 2, 3, 4]);
  expect(matmul.reference({}, [rows, columns])).toEqual(smallTensor([2, 1, 1], [21, 4300]));
  const one = smallTensor([1, 2, 1], [1, 2]);
  expect(matmul.reference({}, [rows, one])).toEqual(smallTensor([2, 1, 1], [21, 2100]));
  const row = smallTensor([1, 1, 2], [1, 10]);
  expect(matmul.reference({}, [row, columns])).toEqual(smallTensor([2, 1, 1], [21, 43]));
});

test("rows, or matrices of a stack, are repeats", () => {
  expect(
    matmul.repeats({}, [
      [5, 3],
      [3, 2],
    ]),
  ).toEqual([true, false]);
  expect(
    matmul.repeats({}, [
      [5, 4, 3],
      [5, 3, 2],
    ]),
  ).toEqual([true, true]);
  expect(
    matmul.repeats({}, [
      [5, 4, 3],
      [1, 3, 2],
    ]),
  ).toEqual([true, false]);
  expect(
    matmul.repeats({}, [
      [1, 4, 3],
      [5, 3, 2],
    ]),
  ).toEqual([false, true]);
  expect(
    matmul.problem(
      {},
      [
        [1, 6, 4, 3],
        [3, 2],
      ],
      [true, false],
    ),
  ).toEqual({
    ...{ matrices: 1, rows: 24, depth: 3, columns: 2, walks: [true, false] },
  });
  expect(
    matmul.problem(
      {},
      [
        [1, 6, 4, 3],
        [1, 6, 3, 2],
      ],
      [true, true],
    ),
  ).toEqual({
    ...{ matrices: 6, rows: 4, depth: 3, columns: 2, walks: [true, true] },
  });
});

const leading = "expected b of rank 2, or leading dimensions that are equal (dimension 0 may be 1 on one side)";
test.each<[string, number[][]]>([
  [
    "matmul: a is 2×3, b is 4×5: expected the last dimension of a to equal the last but one of b (M×K times K×N)",
    [
      [2, 3],
      [4, 5],
    ],
  ],
  ["matmul: a is 3, b is 3×5: expected both of rank 2 or more, …×M×K and …×K×N", [[3], [3, 5]]],
  [
    `matmul: a is 2×2×3, b is 4×3×5: ${leading}`,
    [
      [2, 2, 3],
      [4, 3, 5],
    ],
  ],
  [
    `matmul: a is 2×3, b is 4×3×5: ${leading}`,
    [
      [2, 3],
      [4, 3, 5],
    ],
  ],
  [
    `matmul: a is 2×4×2×3, b is 2×1×3×5: ${leading}`,
    [
      [2, 4, 2, 3],
      [2, 1, 3, 5],
    ],
  ],
])("%s", (message, shapes) => {
  expect(() => matmul.shape({}, shapes)).toThrow(new ShapeError(message));
});
