/**
 * What matmul is: torch.matmul for operands of rank 2 or more. a (…, M, K) · b (K, N) → (…, M, N), or a stack of matrices b (…, K, N)
 * whose leading dimensions are a's, where dimension 0 may be 1 on one side: that side's matrices serve every repeat.
 */
import { ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Cost } from "../op.ts";
import { describeOperands, expectNonEmpty } from "../shape-rule.ts";

/** One repeat: a (matrices, rows, depth) · b (matrices, depth, columns) → (matrices, rows, columns); where b has rank 2, matrices is 1. */
export interface MatmulProblem {
  readonly matrices: number;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** An operand that walks has its part of repeat r at r · its size, one that does not serves every repeat. */
  readonly walks: readonly [a: boolean, b: boolean];
}

export function matmulShape(inputs: readonly Shape[]): Shape {
  const [a, b] = inputs as [Shape, Shape];
  const where = describeOperands("matmul", ["a", "b"], inputs);
  if (a.length < 2 || b.length < 2) throw new ShapeError(`${where}: expected both of rank 2 or more, …×M×K and …×K×N`);
  expectNonEmpty("matmul", ["a", "b"], inputs);
  if (a.at(-1) !== b.at(-2))
    throw new ShapeError(`${where}: expected the last dimension of a to equal the last but one of b (M×K times K×N)`);
  if (b.length === 2) return [...a.slice(0, -1), b[1]!];
  const fits = a.length === b.length && b.slice(1, -2).every((dim, i) => dim === a[i + 1]);
  if (!fits || (a[0] !== b[0] && a[0] !== 1 && b[0] !== 1))
    throw new ShapeError(
      `${where}: expected b of rank 2, or leading dimensions that are equal (dimension 0 may be 1 on one side)`,
    );
  return [Math.max(a[0]!, b[0]!), ...a.slice(1, -1), b.at(-1)!];
}

export function matmulRepeats(inputs: readonly Shape[]): readonly boolean[] {
  const [a, b] = inputs as [Shape, Shape];
  const out = matmulShape(inputs)[0];
  return [a[0] === out, b.length > 2 && b[0] === out];
}

export function matmulProblem(inputs: readonly Shape[], walks: readonly boolean[]): MatmulProblem {
  const [a, b] = inputs as [Shape, Shape];
  const stacked = b.length > 2;
  return {
    matrices: stacked ? sizeOf(a.slice(0, -2)) : 1,
    rows: stacked ? a.at(-2)! : sizeOf(a.slice(0, -1)),
    depth: a.at(-1)!,
    columns: b.at(-1)!,
    walks: [walks[0]!, walks[1]!],
  };
}

export function matmulCost(p: MatmulProblem): Cost {
  const moved = p.rows * p.depth + p.depth * p.columns + p.rows * p.columns;
  return { flops: 2 * p.matrices * p.rows * p.depth * p.columns, bytes: 4 * p.matrices * moved };
}
