/**
 * Binary element-wise ops with NumPy's broadcasting from three short texts: a function of two numbers, a WGSL expression of `a` and
 * `b`, and a WebAssembly emitter of four lanes. Everything else is the same for all of them.
 */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { NoAttrs, Op, OpCase } from "../op.ts";
import { binaryCases } from "./binary.cases.ts";
import { type BinaryLanes, binaryWasm } from "./binary.wasm.ts";
import { binaryWgsl } from "./binary.wgsl.ts";
import {
  type BinaryProblem,
  binaryCost,
  binaryProblem,
  binaryRepeats,
  binaryShape,
  broadcastStrides,
} from "./elementwise.problem.ts";

export interface BinarySpec {
  readonly name: string;
  /** The definition, in float64; the result is rounded to float32. */
  readonly apply: (a: number, b: number) => number;
  /** A WGSL expression of `a` and `b`, both f32: `a + b`. */
  readonly wgsl: string;
  /** Emits the same on four lanes. */
  readonly wasm: BinaryLanes;
  /** How the second operand is filled in the cases: positive for a divisor. */
  readonly fillB?: "signed" | "positive";
}

export function binaryOp(spec: BinarySpec): Op<NoAttrs, BinaryProblem> {
  const cases: OpCase<NoAttrs>[] = binaryCases(spec.fillB ?? "signed");
  return {
    name: spec.name,
    operands: () => [
      { name: "a", role: "value" },
      { name: "b", role: "value" },
    ],
    shape: (_, inputs) => binaryShape(spec.name, inputs),
    repeats: (_, inputs) => binaryRepeats(spec.name, inputs),
    problem: (_, inputs, walks) => binaryProblem(spec.name, inputs, walks),
    cost: binaryCost,
    reference: (_, [a, b]) => binaryReference(spec, a!, b!),
    wgsl: binaryWgsl(spec.name, spec.wgsl),
    wasm: binaryWasm(spec.name, spec.wasm),
    cases,
  };
}

function binaryReference(spec: BinarySpec, a: HostTensor, b: HostTensor): HostTensor {
  const shape = binaryShape(spec.name, [a.shape, b.shape]);
  const data = new Float32Array(sizeOf(shape));
  const offsetA = offsetIn(a.shape, shape);
  const offsetB = offsetIn(b.shape, shape);
  for (let i = 0; i < data.length; i++) data[i] = spec.apply(a.data[offsetA(i)]!, b.data[offsetB(i)]!);
  return { shape, dtype: "float32", data };
}

/** From a flat index of the output to the flat index of an operand that is broadcast to it. */
function offsetIn(operand: Shape, out: Shape): (index: number) => number {
  const outStrides = stridesOf(out);
  const strides = broadcastStrides(operand, out);
  return (index) =>
    strides.reduce((offset, stride, i) => offset + (Math.floor(index / outStrides[i]!) % out[i]!) * stride, 0);
}
