/** matmul's entry in the table. */
import type { NoAttrs, Op } from "../op.ts";
import { matmulCases } from "./matmul.cases.ts";
import { type MatmulProblem, matmulCost, matmulProblem, matmulRepeats, matmulShape } from "./matmul.problem.ts";
import { matmulReference } from "./matmul.reference.ts";
import { matmulWasm } from "./matmul.wasm.ts";
import { matmulWgsl } from "./matmul.wgsl.ts";

export const matmul: Op<NoAttrs, MatmulProblem> = {
  name: "matmul",
  operands: () => [
    { name: "a", role: "value" },
    { name: "b", role: "value" },
  ],
  shape: (_, inputs) => matmulShape(inputs),
  repeats: (_, inputs) => matmulRepeats(inputs),
  problem: (_, inputs, walks) => matmulProblem(inputs, walks),
  cost: matmulCost,
  reference: (_, [a, b]) => matmulReference(a!, b!),
  wgsl: matmulWgsl,
  wasm: matmulWasm,
  cases: matmulCases,
};
