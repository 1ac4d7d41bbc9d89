/** flatten's cases: as ResNet has it, from and to every dimension. */
import type { OpCase } from "../op.ts";

export const flattenCases: readonly OpCase<{ readonly startDim: number; readonly endDim: number }>[] = [];
