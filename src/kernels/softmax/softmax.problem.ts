/** What softmax is: torch.softmax. y = exp(x − max x) / Σ exp(x − max x) along one dimension; the largest number cannot overflow. */
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Cost } from "../op.ts";
import { expectNonEmpty, resolveDim } from "../shape-rule.ts";

export interface SoftmaxAttrs {
  /** Counted from the end where negative. */
  readonly dim: number;
}

/** One repeat, x (outer, length, inner): a softmax over `length` for each outer and inner index. */
export interface SoftmaxProblem {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

export function softmaxShape(attrs: SoftmaxAttrs, x: Shape): Shape {
  expectNonEmpty("softmax", ["x"], [x]);
  resolveDim("softmax", "dim", attrs.dim, x);
  return x;
}

/** Dimension 0 is a repeat unless it is the one that is summed over. */
export function softmaxRepeats(attrs: SoftmaxAttrs, x: Shape): readonly boolean[] | undefined {
  return resolveDim("softmax", "dim", attrs.dim, x) === 0 ? undefined : [true];
}

export function softmaxProblem(attrs: SoftmaxAttrs, x: Shape): SoftmaxProblem {
  const dim = resolveDim("softmax", "dim", attrs.dim, x);
  return { outer: sizeOf(x.slice(0, dim)), length: x[dim]!, inner: sizeOf(x.slice(dim + 1)) };
}

export function softmaxCost(p: SoftmaxProblem): Cost {
  const elements = p.outer * p.length * p.inner;
  return { flops: 4 * elements, bytes: 4 * 2 * elements };
}
