/** convertLayout's cases: both ways, odd sizes, one channel, one position, more channels than a tile has. */

import type { Shape } from "../../tensor/shape.ts";
import type { Layout, OpCase } from "../op.ts";
import type { ConvertLayoutAttrs } from "./convert-layout.problem.ts";

const images: readonly (readonly [name: string, x: Shape])[] = [
  ["even", [1, 8, 4, 4]],
  ["photo", [2, 3, 17, 19]],
  ["odd-batch-5", [5, 7, 3, 5]],
  ["wide", [1, 70, 6, 7]],
  ["one-channel", [3, 1, 4, 6]],
  ["one-pixel", [2, 9, 1, 1]],
];

const both: readonly (readonly [from: Layout, to: Layout])[] = [
  ["nchw", "nhwc"],
  ["nhwc", "nchw"],
];

export const convertLayoutCases: readonly OpCase<ConvertLayoutAttrs>[] = both.flatMap(([from, to]) =>
  images.map(([name, x]) => ({ name: `to-${to}-${name}`, attrs: { from, to }, inputs: [{ shape: x }] })),
);
