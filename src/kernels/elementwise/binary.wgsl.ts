/** Binary element-wise ops in WGSL: one shader around an expression of `a` and `b`. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { BinaryProblem } from "./elementwise.problem.ts";

export function binaryWgsl(_name: string, _expression: string): readonly WgslVariant<BinaryProblem>[] {
  return [];
}
