/** mean's entry in the table. */
import type { Op } from "../op.ts";
import { meanCases } from "./mean.cases.ts";
import { type MeanAttrs, type MeanProblem, meanCost, meanProblem, meanRepeats, meanShape } from "./mean.problem.ts";
import { meanReference } from "./mean.reference.ts";
import { meanWasm } from "./mean.wasm.ts";
import { meanWgsl } from "./mean.wgsl.ts";

export const mean: Op<MeanAttrs, MeanProblem> = {
  name: "mean",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => meanShape(attrs, x!),
  repeats: (attrs, [x]) => meanRepeats(attrs, x!),
  problem: (attrs, [x]) => meanProblem(attrs, x!),
  cost: meanCost,
  reference: (attrs, [x]) => meanReference(attrs, x!),
  wgsl: meanWgsl,
  wasm: meanWasm,
  cases: meanCases,
};
