/** reshape's cases: to and from every rank, and what is left. */
import type { OpCase } from "../op.ts";

export const reshapeCases: readonly OpCase<{ readonly shape: readonly number[] }>[] = [];
