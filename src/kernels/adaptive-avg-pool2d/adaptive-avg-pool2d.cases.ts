/** adaptiveAvgPool2d's cases: the global pool, even and uneven bins, and more outputs than inputs. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { Pair } from "../pair.ts";
import type { AdaptiveAvgPool2dAttrs } from "./adaptive-avg-pool2d.problem.ts";

const specs: readonly (readonly [name: string, x: Shape, outputSize: Pair])[] = [
  ["global", [1, 512, 7, 7], [1, 1]],
  ["global-odd-batch-5", [5, 13, 5, 9], [1, 1]],
  ["global-one-pixel", [2, 6, 1, 1], [1, 1]],
  ["global-large", [1, 3, 40, 33], [1, 1]],
  ["even-bins", [2, 8, 12, 8], [3, 4]],
  ["uneven-bins", [1, 5, 11, 13], [4, 5]],
  ["uneven-bins-batch-3", [3, 4, 7, 10], [7, 3]],
  ["rows-only", [2, 3, 9, 6], [9, 1]],
  ["columns-only", [4, 7, 6, 5], [1, 5]],
  ["same-size", [1, 4, 6, 7], [6, 7]],
  ["more-than-the-image", [2, 3, 4, 3], [7, 5]],
  ["one-pixel-to-many", [1, 2, 1, 1], [3, 2]],
];

export const adaptiveAvgPool2dCases: readonly OpCase<AdaptiveAvgPool2dAttrs>[] = specs.map(([name, x, outputSize]) => ({
  name,
  attrs: { outputSize },
  inputs: [{ shape: x }],
}));
