/** convertLayout's cases: both ways, odd sizes, one channel, one position. */
import type { OpCase } from "../op.ts";
import type { ConvertLayoutAttrs } from "./convert-layout.problem.ts";

export const convertLayoutCases: readonly OpCase<ConvertLayoutAttrs>[] = [];
