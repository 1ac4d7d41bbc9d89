/** maxPool2d's entry in the table. */
import type { Op } from "../op.ts";
import { pool2dCost } from "../pool2d/pool2d.problem.ts";
import { maxPool2dCases } from "./max-pool2d.cases.ts";
import { type MaxPool2dAttrs, type MaxPool2dProblem, maxPool2dProblem, maxPool2dShape } from "./max-pool2d.problem.ts";
import { maxPool2dReference } from "./max-pool2d.reference.ts";
import { maxPool2dWasm } from "./max-pool2d.wasm.ts";
import { maxPool2dWgsl } from "./max-pool2d.wgsl.ts";

export const maxPool2d: Op<MaxPool2dAttrs, MaxPool2dProblem> = {
  name: "maxPool2d",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => maxPool2dShape(attrs, x!),
  repeats: () => [true],
  problem: (attrs, [x]) => maxPool2dProblem(attrs, x!),
  cost: pool2dCost,
  reference: (attrs, [x]) => maxPool2dReference(attrs, x!),
  wgsl: maxPool2dWgsl,
  wasm: maxPool2dWasm,
  cases: maxPool2dCases,
};
