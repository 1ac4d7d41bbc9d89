/** avgPool2d's entry in the table. */
import type { Op } from "../op.ts";
import { pool2dCost } from "../pool2d/pool2d.problem.ts";
import { avgPool2dCases } from "./avg-pool2d.cases.ts";
import { type AvgPool2dAttrs, type AvgPool2dProblem, avgPool2dProblem, avgPool2dShape } from "./avg-pool2d.problem.ts";
import { avgPool2dReference } from "./avg-pool2d.reference.ts";
import { avgPool2dWasm } from "./avg-pool2d.wasm.ts";
import { avgPool2dWgsl } from "./avg-pool2d.wgsl.ts";

export const avgPool2d: Op<AvgPool2dAttrs, AvgPool2dProblem> = {
  name: "avgPool2d",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => avgPool2dShape(attrs, x!),
  repeats: () => [true],
  problem: (attrs, [x]) => avgPool2dProblem(attrs, x!),
  cost: pool2dCost,
  reference: (attrs, [x]) => avgPool2dReference(attrs, x!),
  wgsl: avgPool2dWgsl,
  wasm: avgPool2dWasm,
  cases: avgPool2dCases,
};
