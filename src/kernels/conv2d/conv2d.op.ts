/** conv2d's entry in the table: its rule, its specification, its kernels in order of preference, its cases. */
import type { Op } from "../op.ts";
import { conv2dCases } from "./conv2d.cases.ts";
import {
  type Conv2dAttrs,
  type Conv2dProblem,
  conv2dCost,
  conv2dOperands,
  conv2dProblem,
  conv2dShape,
} from "./conv2d.problem.ts";
import { conv2dReference } from "./conv2d.reference.ts";
import { conv2dWasmGemm, conv2dWasmGemmFused } from "./conv2d.wasm-gemm.ts";
import { conv2dWasmGrouped, conv2dWasmGroupedFused } from "./conv2d.wasm-grouped.ts";
import { conv2dWasmWinograd, conv2dWasmWinogradFused } from "./conv2d.wasm-winograd.ts";
import { conv2dWgslGemm, conv2dWgslGemmSmall } from "./conv2d.wgsl-gemm.ts";
import { conv2dWgslGeneral } from "./conv2d.wgsl-general.ts";
import { conv2dWgslLanes } from "./conv2d.wgsl-lanes.ts";

export const conv2d: Op<Conv2dAttrs, Conv2dProblem> = {
  name: "conv2d",
  operands: conv2dOperands,
  shape: conv2dShape,
  repeats: (attrs) => conv2dOperands(attrs).map((operand) => operand.role === "value"),
  problem: conv2dProblem,
  cost: conv2dCost,
  reference: conv2dReference,
  wgsl: [conv2dWgslLanes, conv2dWgslGemmSmall, conv2dWgslGemm, conv2dWgslGeneral],
  // Winograd only where the rule takes it (conv2d.wasm-rule.ts).
  wasm: [
    ...[...conv2dWasmWinogradFused, conv2dWasmGroupedFused, conv2dWasmGemmFused],
    ...[...conv2dWasmWinograd, conv2dWasmGrouped, conv2dWasmGemm],
  ],
  cases: conv2dCases,
};
