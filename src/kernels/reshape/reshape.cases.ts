/** reshape's cases: to and from every rank, what is left, dimension 0 kept and not. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { ReshapeAttrs } from "./reshape.problem.ts";

const specs: readonly (readonly [name: string, x: Shape, shape: readonly number[]])[] = [
  ["same", [2, 3, 4], [2, 3, 4]],
  ["rows-kept", [3, 4, 5], [3, 20]],
  ["rows-kept-rest", [3, 4, 5, 2], [3, 2, -1]],
  ["rest-first", [3, 8], [-1, 8]],
  ["images-from-rows", [2, 60], [2, 3, 4, 5]],
  ["rank-4-to-4", [2, 4, 3, 3], [2, 12, 1, 3]],
  ["one-image-to-row", [1, 3, 4, 5], [1, -1]],
  ["one-row-to-image", [1, 24], [-1, 2, 3, 4]],
  ["all-in-one", [2, 3, 4], [-1]],
  ["split-first", [6, 5], [2, 3, 5]],
  ["join-first", [2, 3, 5], [6, 5]],
  ["scalar-to-vector", [], [1]],
  ["vector-to-scalar", [1], []],
  ["scalar-to-rank-3", [], [1, -1, 1]],
];

export const reshapeCases: readonly OpCase<ReshapeAttrs>[] = specs.map(([name, x, shape]) => ({
  name,
  attrs: { shape },
  inputs: [{ shape: x }],
}));
