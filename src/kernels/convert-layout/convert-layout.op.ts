/** convertLayout's entry in the table. */
import type { Op } from "../op.ts";
import { convertLayoutCases } from "./convert-layout.cases.ts";
import {
  type ConvertLayoutAttrs,
  type ConvertLayoutProblem,
  convertLayoutCost,
  convertLayoutProblem,
  convertLayoutShape,
} from "./convert-layout.problem.ts";
import { convertLayoutWasm } from "./convert-layout.wasm.ts";
import { convertLayoutWgsl } from "./convert-layout.wgsl.ts";

export const convertLayout: Op<ConvertLayoutAttrs, ConvertLayoutProblem> = {
  name: "convertLayout",
  operands: () => [{ name: "x", role: "value" }],
  shape: (_, [x]) => convertLayoutShape(x!),
  repeats: () => [true],
  problem: (attrs, [x]) => convertLayoutProblem(attrs, x!),
  cost: convertLayoutCost,
  reference: (_, [x]) => ({ shape: x!.shape, dtype: "float32", data: x!.data.slice() }),
  wgsl: convertLayoutWgsl,
  wasm: convertLayoutWasm,
  cases: convertLayoutCases,
};
