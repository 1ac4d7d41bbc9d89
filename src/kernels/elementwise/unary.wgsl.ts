/** Unary element-wise ops in WGSL: one shader around an expression of `x`. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { UnaryProblem } from "./elementwise.problem.ts";

export function unaryWgsl(_name: string, _expression: string): readonly WgslVariant<UnaryProblem>[] {
  return [];
}
