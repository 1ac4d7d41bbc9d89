/** linear's cases: the classifier's sizes, odd ones, one number in or out, and x of ranks 1 to 4. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { LinearAttrs } from "./linear.problem.ts";

function linearCase(name: string, x: Shape, outFeatures: number, bias: boolean): OpCase<LinearAttrs> {
  const inputs: { shape: Shape }[] = [{ shape: x }, { shape: [outFeatures, x.at(-1)!] }];
  if (bias) inputs.push({ shape: [outFeatures] });
  return { name, attrs: { bias }, inputs };
}

export const linearCases: readonly OpCase<LinearAttrs>[] = [
  linearCase("classifier", [2, 512], 1000, true),
  linearCase("classifier-no-bias", [1, 512], 1000, false),
  linearCase("deep", [1, 2048], 64, true),
  linearCase("tiny-classifier-batch-3", [3, 128], 10, true),
  linearCase("odd-batch-5", [5, 37], 13, true),
  linearCase("one-in", [4, 1], 6, true),
  linearCase("one-out", [4, 19], 1, true),
  linearCase("one-in-one-out", [1, 1], 1, false),
  linearCase("many-rows", [70, 12], 9, false),
  linearCase("rank-1", [21], 8, true),
  linearCase("rank-1-no-bias", [16], 16, false),
  linearCase("rank-3", [2, 5, 12], 7, true),
  linearCase("rank-3-one-image", [1, 33, 16], 20, false),
  linearCase("rank-4", [2, 3, 4, 6], 5, true),
];
