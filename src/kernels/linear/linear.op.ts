/** linear's entry in the table. */
import type { Op } from "../op.ts";
import { linearCases } from "./linear.cases.ts";
import {
  type LinearAttrs,
  type LinearProblem,
  linearCost,
  linearOperands,
  linearProblem,
  linearShape,
} from "./linear.problem.ts";
import { linearReference } from "./linear.reference.ts";
import { linearWasm } from "./linear.wasm.ts";
import { linearWgsl } from "./linear.wgsl.ts";

export const linear: Op<LinearAttrs, LinearProblem> = {
  name: "linear",
  operands: linearOperands,
  shape: linearShape,
  // A vector (K) gives a vector (O), whose dimension 0 is no repeat.
  repeats: (attrs, [x]) => (x!.length > 1 ? linearOperands(attrs).map(({ role }) => role === "value") : undefined),
  problem: linearProblem,
  cost: linearCost,
  reference: linearReference,
  wgsl: linearWgsl,
  wasm: linearWasm,
  cases: linearCases,
};
