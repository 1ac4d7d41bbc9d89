/** softmax's cases: each dimension of several ranks, long and short ones, numbers whose exponential over- or underflows. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { SoftmaxAttrs } from "./softmax.problem.ts";

interface Fill {
  readonly fill?: "signed" | "positive";
  readonly scale?: number;
}

function softmaxCase(name: string, x: Shape, dim: number, fill: Fill = { scale: 4 }): OpCase<SoftmaxAttrs> {
  return { name, attrs: { dim }, inputs: [{ shape: x, ...fill }] };
}

export const softmaxCases: readonly OpCase<SoftmaxAttrs>[] = [
  softmaxCase("classes", [2, 1000], 1),
  softmaxCase("classes-batch-5", [5, 10], -1),
  softmaxCase("one-class", [3, 1], 1),
  softmaxCase("long", [1, 5003], 1),
  softmaxCase("vector", [7], 0),
  softmaxCase("one-number", [1], 0),
  softmaxCase("columns", [9, 6], 0),
  softmaxCase("over-the-batch-of-one", [1, 6], 0),
  ...[0, 1, 2, 3].map((dim) => softmaxCase(`images-dim-${dim}`, [3, 5, 4, 6], dim)),
  ...[-3, -2, -1].map((dim) => softmaxCase(`rank-3-dim-minus-${-dim}`, [2, 7, 3], dim)),
  softmaxCase("large", [3, 40], 1, { scale: 1000 }),
  softmaxCase("large-negative", [2, 33], 1, { fill: "positive", scale: -5000 }),
  softmaxCase("large-positive-columns", [12, 5], 0, { fill: "positive", scale: 300 }),
  softmaxCase("nearly-equal", [2, 64], 1, { scale: 1e-6 }),
];
