/**
 * Unary element-wise ops from three short texts: a function of a number, a WGSL expression of `x`, and a WebAssembly emitter of four
 * lanes. Everything else is the same for all of them.
 */
import { sizeOf } from "../../tensor/shape.ts";
import type { NoAttrs, Op, OpCase } from "../op.ts";
import { expectNonEmpty } from "../shape-rule.ts";
import { type UnaryProblem, unaryCost } from "./elementwise.problem.ts";
import { type UnaryLanes, unaryWasm } from "./unary.wasm.ts";
import { unaryWgsl } from "./unary.wgsl.ts";

export interface UnarySpec {
  readonly name: string;
  /** The definition, in float64; the result is rounded to float32. */
  readonly apply: (x: number) => number;
  /** A WGSL expression of `x`, an f32: `select(x, 0.0, x < 0.0)`. */
  readonly wgsl: string;
  /** Emits the same on four lanes. */
  readonly wasm: UnaryLanes;
  /** Cases of the op's own, beside the shapes that every unary op is tried on. */
  readonly cases?: readonly OpCase<NoAttrs>[];
}

export function unaryOp(spec: UnarySpec): Op<NoAttrs, UnaryProblem> {
  return {
    name: spec.name,
    operands: () => [{ name: "x", role: "value" }],
    shape: (_, [x]) => {
      expectNonEmpty(spec.name, ["x"], [x!]);
      return x!;
    },
    repeats: (_, [x]) => (x!.length > 0 ? [true] : undefined),
    problem: (_, [x]) => ({ elements: sizeOf(x!) }),
    cost: unaryCost,
    reference: (_, [x]) => ({ shape: x!.shape, dtype: "float32", data: x!.data.map(spec.apply) }),
    wgsl: unaryWgsl(spec.name, spec.wgsl),
    wasm: unaryWasm(spec.name, spec.wasm),
    cases: [...unaryCases, ...(spec.cases ?? [])],
  };
}

const unaryCases: readonly OpCase<NoAttrs>[] = [
  { name: "scalar", attrs: {}, inputs: [{ shape: [] }] },
  { name: "vector", attrs: {}, inputs: [{ shape: [7] }] },
  { name: "matrix", attrs: {}, inputs: [{ shape: [3, 37] }] },
  { name: "image", attrs: {}, inputs: [{ shape: [1, 4, 6, 6] }] },
  { name: "images-odd-batch-5", attrs: {}, inputs: [{ shape: [5, 3, 5, 7] }] },
  { name: "rank-5", attrs: {}, inputs: [{ shape: [2, 2, 3, 1, 5], scale: 4 }] },
];
