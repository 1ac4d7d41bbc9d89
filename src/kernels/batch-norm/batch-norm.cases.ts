/** batchNorm's cases: ranks 2 to 5, odd channel counts, one channel, variances near 0, a batch of 1 to 5. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { BatchNormAttrs } from "./batch-norm.problem.ts";

function batchNormCase(name: string, x: Shape, eps = 1e-5, varianceScale = 1): OpCase<BatchNormAttrs> {
  const channels = [x[1]!];
  return {
    name,
    attrs: { eps },
    inputs: [
      { shape: x },
      { shape: channels },
      { shape: channels, fill: "positive", scale: varianceScale },
      { shape: channels },
      { shape: channels },
    ],
  };
}

export const batchNormCases: readonly OpCase<BatchNormAttrs>[] = [
  batchNormCase("images", [1, 16, 9, 9]),
  batchNormCase("images-odd-batch-5", [5, 7, 5, 3]),
  batchNormCase("images-wide", [2, 130, 3, 4]),
  batchNormCase("one-channel", [3, 1, 6, 5]),
  batchNormCase("one-pixel", [4, 10, 1, 1]),
  batchNormCase("eps-0", [2, 6, 4, 4], 0),
  batchNormCase("eps-large", [1, 6, 4, 4], 0.5),
  batchNormCase("variance-near-0", [1, 8, 4, 4], 1e-5, 1e-6),
  batchNormCase("rank-2", [5, 9]),
  batchNormCase("rank-3", [2, 6, 11]),
  batchNormCase("rank-5", [2, 3, 2, 4, 3]),
];
