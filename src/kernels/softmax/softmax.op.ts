/** softmax's entry in the table. */
import type { Op } from "../op.ts";
import { softmaxCases } from "./softmax.cases.ts";
import {
  type SoftmaxAttrs,
  type SoftmaxProblem,
  softmaxCost,
  softmaxProblem,
  softmaxRepeats,
  softmaxShape,
} from "./softmax.problem.ts";
import { softmaxReference } from "./softmax.reference.ts";
import { softmaxWasm } from "./softmax.wasm.ts";
import { softmaxWgsl } from "./softmax.wgsl.ts";

export const softmax: Op<SoftmaxAttrs, SoftmaxProblem> = {
  name: "softmax",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => softmaxShape(attrs, x!),
  repeats: (attrs, [x]) => softmaxRepeats(attrs, x!),
  problem: (attrs, [x]) => softmaxProblem(attrs, x!),
  cost: softmaxCost,
  reference: (attrs, [x]) => softmaxReference(attrs, x!),
  wgsl: softmaxWgsl,
  wasm: softmaxWasm,
  cases: softmaxCases,
};
