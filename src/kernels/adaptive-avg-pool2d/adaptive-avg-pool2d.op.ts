/** adaptiveAvgPool2d's entry in the table. */
import type { Op } from "../op.ts";
import { adaptiveAvgPool2dCases } from "./adaptive-avg-pool2d.cases.ts";
import {
  type AdaptiveAvgPool2dAttrs,
  type AdaptiveAvgPool2dProblem,
  adaptiveAvgPool2dCost,
  adaptiveAvgPool2dProblem,
  adaptiveAvgPool2dShape,
} from "./adaptive-avg-pool2d.problem.ts";
import { adaptiveAvgPool2dReference } from "./adaptive-avg-pool2d.reference.ts";
import { adaptiveAvgPool2dWasm } from "./adaptive-avg-pool2d.wasm.ts";
import { adaptiveAvgPool2dWgsl } from "./adaptive-avg-pool2d.wgsl.ts";

export const adaptiveAvgPool2d: Op<AdaptiveAvgPool2dAttrs, AdaptiveAvgPool2dProblem> = {
  name: "adaptiveAvgPool2d",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => adaptiveAvgPool2dShape(attrs, x!),
  repeats: () => [true],
  problem: (attrs, [x]) => adaptiveAvgPool2dProblem(attrs, x!),
  cost: adaptiveAvgPool2dCost,
  reference: (attrs, [x]) => adaptiveAvgPool2dReference(attrs, x!),
  wgsl: adaptiveAvgPool2dWgsl,
  wasm: adaptiveAvgPool2dWasm,
  cases: adaptiveAvgPool2dCases,
};
