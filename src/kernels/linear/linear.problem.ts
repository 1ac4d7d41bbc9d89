/** What linear is: torch.nn.functional.linear. x (…, K), weight (O, K), bias (O) → (…, O): y = x · weightᵀ + bias. */
import { ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Cost, Operand } from "../op.ts";
import { describeOperands, expectNonEmpty, expectShape } from "../shape-rule.ts";

export interface LinearAttrs {
  /** A third operand of shape (O). */
  readonly bias: boolean;
}

/** One repeat: x (rows, depth), weight (outFeatures, depth), [bias (outFeatures)] → (rows, outFeatures). */
export interface LinearProblem {
  readonly rows: number;
  readonly depth: number;
  readonly outFeatures: number;
  readonly bias: boolean;
}

export function linearOperands(attrs: LinearAttrs): Operand[] {
  const list: Operand[] = [
    { name: "x", role: "value" },
    { name: "weight", role: "weight" },
  ];
  if (attrs.bias) list.push({ name: "bias", role: "weight" });
  return list;
}

export function linearShape(attrs: LinearAttrs, inputs: readonly Shape[]): Shape {
  const [x, weight, bias] = inputs as [Shape, Shape, Shape | undefined];
  const where = describeOperands("linear", ["x", "weight"], [x, weight]);
  if (weight.length !== 2) throw new ShapeError(`${where}: expected weight of rank 2, O×K`);
  if (x.length === 0) throw new ShapeError(`${where}: expected x of rank 1 or more, …×K`);
  expectNonEmpty("linear", ["x", "weight"], [x, weight]);
  if (x.at(-1) !== weight[1])
    throw new ShapeError(`${where}: expected the last dimension of x to be ${weight[1]}, as weight's (O×K)`);
  if (attrs.bias) expectShape(where, "bias", bias!, [weight[0]!]);
  return [...x.slice(0, -1), weight[0]!];
}

export function linearProblem(attrs: LinearAttrs, inputs: readonly Shape[]): LinearProblem {
  const [x, weight] = inputs as [Shape, Shape];
  return { rows: sizeOf(x.slice(0, -1)), depth: weight[1]!, outFeatures: weight[0]!, bias: attrs.bias };
}

export function linearCost(p: LinearProblem): Cost {
  const moved = p.rows * p.depth + p.outFeatures * (p.depth + (p.bias ? 1 : 0)) + p.rows * p.outFeatures;
  return { flops: 2 * p.rows * p.depth * p.outFeatures, bytes: 4 * moved };
}
