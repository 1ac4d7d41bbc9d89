/** matmul's cases: odd sizes, one row, one column, stacks of matrices on either side. */
import type { NoAttrs, OpCase } from "../op.ts";

export const matmulCases: readonly OpCase<NoAttrs>[] = [];
