/** matmul's cases: odd sizes, one row, one column, deep sums, stacks of matrices on one side and on both. */
import type { Shape } from "../../tensor/shape.ts";
import type { NoAttrs, OpCase } from "../op.ts";

const shapes: readonly (readonly [name: string, a: Shape, b: Shape])[] = [
  ["square", [16, 16], [16, 16]],
  ["odd", [7, 11], [11, 5]],
  ["wide", [33, 20], [20, 70]],
  ["deep", [3, 1030], [1030, 4]],
  ["one-row", [1, 24], [24, 40]],
  ["one-column", [17, 9], [9, 1]],
  ["one-number", [1, 1], [1, 1]],
  ["outer-product", [6, 1], [1, 7]],
  ["stack-by-matrix", [3, 4, 5], [5, 6]],
  ["stack-by-matrix-rank-4", [2, 3, 4, 5], [5, 2]],
  ["one-stack-by-matrix", [1, 9, 8], [8, 12]],
  ["stack-by-stack", [4, 3, 6], [4, 6, 5]],
  ["stack-by-stack-rank-4", [2, 3, 4, 5], [2, 3, 5, 7]],
  ["stack-by-one", [5, 4, 3], [1, 3, 6]],
  ["one-by-stack", [1, 4, 3], [5, 3, 6]],
  ["one-by-stack-rank-4", [1, 2, 3, 4], [3, 2, 4, 5]],
];

export const matmulCases: readonly OpCase<NoAttrs>[] = shapes.map(([name, a, b]) => ({
  name,
  attrs: {},
  inputs: [{ shape: a }, { shape: b }],
}));
