/** The shapes that every binary element-wise op is tried on: equal ones, and each pattern of broadcasting. */
import type { Shape } from "../../tensor/shape.ts";
import type { NoAttrs, OpCase } from "../op.ts";

const patterns: readonly (readonly [name: string, a: Shape, b: Shape])[] = [
  ["scalars", [], []],
  ["vectors", [7], [7]],
  ["same-images", [1, 6, 5, 5], [1, 6, 5, 5]],
  ["same-images-batch-3", [3, 4, 5, 7], [3, 4, 5, 7]],
  ["scalar-right", [2, 3, 5], []],
  ["scalar-left", [], [2, 3, 5]],
  ["one-element-right", [2, 9], [1, 1]],
  ["one-element-left", [1], [5, 3]],
  ["row", [5, 6], [6]],
  ["row-left", [6], [5, 6]],
  ["row-of-rank-2", [5, 6], [1, 6]],
  ["column", [5, 6], [5, 1]],
  ["column-left", [5, 1], [5, 6]],
  ["outer", [4, 1], [1, 5]],
  ["outer-of-vector", [4, 1], [5]],
  ["per-channel", [2, 6, 4, 5], [6, 1, 1]],
  ["per-channel-of-rank-4", [2, 6, 4, 5], [1, 6, 1, 1]],
  ["per-image", [3, 2, 4, 4], [3, 1, 1, 1]],
  ["per-image-and-channel", [3, 5, 3, 3], [3, 5, 1, 1]],
  ["per-position", [2, 3, 4, 5], [1, 1, 4, 5]],
  ["one-image-to-batch", [5, 2, 3, 4], [2, 3, 4]],
  ["one-image-left", [1, 2, 3, 4], [5, 2, 3, 4]],
  ["per-row-of-images", [2, 3, 4, 5], [4, 1]],
  ["inner-and-outer", [2, 1, 4, 1], [3, 1, 5]],
  ["middle", [2, 3, 4], [2, 1, 4]],
  ["rank-5", [2, 1, 3, 1, 4], [1, 2, 1, 3, 4]],
];

export function binaryCases(fillB: "signed" | "positive"): OpCase<NoAttrs>[] {
  return patterns.map(([name, a, b]) => ({ name, attrs: {}, inputs: [{ shape: a }, { shape: b, fill: fillB }] }));
}
