/** avgPool2d in WGSL, NHWC. */
import type { WgslVariant } from "../op.ts";
import { meanText } from "../pool2d/mean-text.wgsl.ts";
import { poolWgsl } from "../pool2d/pool2d.wgsl.ts";
import { slidingWindowsText } from "../pool2d/sliding-window.wgsl.ts";
import type { AvgPool2dProblem } from "./avg-pool2d.problem.ts";

export const avgPool2dWgsl: readonly WgslVariant<AvgPool2dProblem>[] = [
  poolWgsl({
    name: "avgPool2d",
    sumOrder: "ky, kx",
    windows: (p) => slidingWindowsText(p, p.countIncludePad),
    combination: meanText,
  }),
];
