/** batchNorm's entry in the table. */
import type { Op } from "../op.ts";
import { batchNormCases } from "./batch-norm.cases.ts";
import {
  type BatchNormAttrs,
  type BatchNormProblem,
  batchNormCost,
  batchNormOperands,
  batchNormProblem,
  batchNormShape,
} from "./batch-norm.problem.ts";
import { batchNormReference } from "./batch-norm.reference.ts";
import { batchNormWasm } from "./batch-norm.wasm.ts";
import { batchNormWgsl } from "./batch-norm.wgsl.ts";

export const batchNorm: Op<BatchNormAttrs, BatchNormProblem> = {
  name: "batchNorm",
  operands: () => batchNormOperands,
  shape: batchNormShape,
  repeats: () => [true, false, false, false, false],
  problem: batchNormProblem,
  cost: batchNormCost,
  reference: batchNormReference,
  wgsl: batchNormWgsl,
  wasm: batchNormWasm,
  cases: batchNormCases,
};
