/** Binary element-wise ops in WebAssembly: one loop around an emitter of four lanes. Not written yet. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import type { WasmVariant } from "../op.ts";
import type { BinaryProblem } from "./elementwise.problem.ts";

/** Emits f(a, b) of the v128 in locals `a` and `b`, leaving a v128. */
export type BinaryLanes = (f: FunctionBuilder, a: number, b: number) => void;

export function binaryWasm(_name: string, _lanes: BinaryLanes): readonly WasmVariant<BinaryProblem>[] {
  return [];
}
