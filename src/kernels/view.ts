/** Ops that only show the same bytes under another shape (flatten, reshape): each is a shape rule; none runs a kernel. */
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Op, OpCase } from "./op.ts";
import { expectNonEmpty } from "./shape-rule.ts";

export interface ViewProblem {
  readonly elements: number;
}

export interface ViewSpec<A> {
  readonly name: string;
  /** The output's shape, of as many numbers as x has. Throws ShapeError. */
  readonly shape: (attrs: A, x: Shape) => Shape;
  readonly cases: readonly OpCase<A>[];
}

export function viewOp<A extends object>(spec: ViewSpec<A>): Op<A, ViewProblem> {
  const shape = (attrs: A, x: Shape): Shape => {
    expectNonEmpty(spec.name, ["x"], [x]);
    return spec.shape(attrs, x);
  };
  return {
    name: spec.name,
    operands: () => [{ name: "x", role: "value" }],
    shape: (attrs, [x]) => shape(attrs, x!),
    // Where dimension 0 stays as it is, the numbers of every repeat stay together.
    repeats: (attrs, [x]) => (x!.length > 0 && shape(attrs, x!)[0] === x![0] ? [true] : undefined),
    problem: (_, [x]) => ({ elements: sizeOf(x!) }),
    cost: () => ({ flops: 0, bytes: 0 }),
    // A view copies nothing; the reference does, since tensors in memory share nothing.
    reference: (attrs, [x]) => ({ shape: shape(attrs, x!.shape), dtype: "float32", data: x!.data.slice() }),
    wgsl: "view",
    wasm: "view",
    cases: spec.cases,
  };
}
