/** flatten: dimensions startDim to endDim, both included, become one, as torch.flatten. Runs no kernel. */
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Op } from "../op.ts";
import { type ViewProblem, viewProblem, viewReference, viewRepeats } from "../reshape/reshape.problem.ts";
import { expectNonEmpty, resolveDim } from "../shape-rule.ts";
import { flattenCases } from "./flatten.cases.ts";

export interface FlattenAttrs {
  /** Counted from the end where negative. */
  readonly startDim: number;
  readonly endDim: number;
}

export const flatten: Op<FlattenAttrs, ViewProblem> = {
  name: "flatten",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => flattenShape(attrs, x!),
  repeats: (attrs, [x]) => viewRepeats(x!, flattenShape(attrs, x!)),
  problem: (_, [x]) => viewProblem(x!),
  cost: () => ({ flops: 0, bytes: 0 }),
  reference: (attrs, [x]) => viewReference(x!, flattenShape(attrs, x!.shape)),
  wgsl: "view",
  wasm: "view",
  cases: flattenCases,
};

function flattenShape({ startDim, endDim }: FlattenAttrs, x: Shape): Shape {
  expectNonEmpty("flatten", ["x"], [x]);
  const start = resolveDim("flatten", "startDim", startDim, x);
  const end = resolveDim("flatten", "endDim", endDim, x);
  if (start > end)
    throw new ShapeError(
      `flatten: x is ${formatShape(x)}, startDim is ${startDim}, endDim is ${endDim}: expected startDim not after endDim`,
    );
  return [...x.slice(0, start), sizeOf(x.slice(start, end + 1)), ...x.slice(end + 1)];
}
