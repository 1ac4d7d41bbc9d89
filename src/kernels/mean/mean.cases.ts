/** mean's cases: each set of dimensions of ranks 1 to 4, kept and not; none, which means all; long sums. */
import type { Shape } from "../../tensor/shape.ts";
import type { OpCase } from "../op.ts";
import type { MeanAttrs } from "./mean.problem.ts";

function meanCase(name: string, x: Shape, dims: readonly number[], keepDim = false): OpCase<MeanAttrs> {
  return { name, attrs: { dims, keepDim }, inputs: [{ shape: x, fill: "positive" }] };
}

/** All sets of the shape's dimensions; every third one keeps them. */
function eachSet(x: Shape): OpCase<MeanAttrs>[] {
  return Array.from({ length: 2 ** x.length }, (_, set) => {
    const dims = x.map((_, i) => i).filter((i) => set & (1 << i));
    return meanCase(`rank-${x.length}-dims-${dims.join("") || "none"}`, x, dims, set % 3 === 1);
  });
}

export const meanCases: readonly OpCase<MeanAttrs>[] = [
  meanCase("global-average", [2, 64, 7, 7], [2, 3]),
  meanCase("global-average-kept", [1, 12, 5, 9], [-2, -1], true),
  meanCase("dims-in-any-order", [2, 3, 4, 5], [3, -4, 1]),
  meanCase("all-kept", [3, 4, 5], [], true),
  meanCase("scalar", [], []),
  meanCase("rank-5-every-second", [2, 3, 2, 4, 3], [1, 3]),
  meanCase("long-rows", [2, 6001], [1]),
  meanCase("long-columns", [6001, 2], [0]),
  meanCase("long-all", [40, 31, 9], []),
  ...[[6], [5, 7], [3, 4, 5], [2, 3, 5, 4]].flatMap(eachSet),
];
