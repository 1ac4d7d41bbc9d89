/** Unary element-wise ops in WebAssembly: one loop around an emitter of four lanes. Not written yet. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import type { WasmVariant } from "../op.ts";
import type { UnaryProblem } from "./elementwise.problem.ts";

/** Emits f(x) of the v128 in local `x`, leaving a v128. */
export type UnaryLanes = (f: FunctionBuilder, x: number) => void;

export function unaryWasm(_name: string, _lanes: UnaryLanes): readonly WasmVariant<UnaryProblem>[] {
  return [];
}
