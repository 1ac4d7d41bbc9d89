/** adaptiveAvgPool2d's cases: the global pool, even and uneven bins, and more outputs than inputs. */
import type { OpCase } from "../op.ts";
import type { AdaptiveAvgPool2dAttrs } from "./adaptive-avg-pool2d.problem.ts";

export const adaptiveAvgPool2dCases: readonly OpCase<AdaptiveAvgPool2dAttrs>[] = [];
