/** flatten's cases: as ResNet has it, from and to every dimension, counted from both ends. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { FlattenAttrs } from "./flatten.problem.ts";

const specs: readonly (readonly [name: string, x: Shape, startDim: number, endDim: number])[] = [
  ["resnet", [2, 16, 1, 1], 1, -1],
  ["images-batch-3", [3, 4, 5, 6], 1, -1],
  ["all", [2, 3, 4], 0, -1],
  ["first-two", [2, 3, 4, 5], 0, 1],
  ["middle", [2, 3, 4, 5], 1, 2],
  ["last-two-from-the-end", [2, 3, 4, 5], -2, -1],
  ["one-dimension", [2, 3, 4], 2, 2],
  ["first-only", [4, 3], 0, 0],
  ["vector", [5], 0, -1],
  ["scalar", [], 0, -1],
  ["one-image", [1, 3, 4, 5], 1, -1],
  ["one-image-middle", [1, 3, 4, 5], 1, 2],
];

export const flattenCases: readonly OpCase<FlattenAttrs>[] = specs.map(([name, x, startDim, endDim]) => ({
  name,
  attrs: { startDim, endDim },
  inputs: [{ shape: x }],
}));
