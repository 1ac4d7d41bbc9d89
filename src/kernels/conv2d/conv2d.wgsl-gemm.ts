/** conv2d in WGSL as an implicit matrix product. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";

export const conv2dWgslGemm: WgslVariant<Conv2dProblem> = {
  id: "conv2d.wgsl-gemm",
  sumOrder: "none",
  accepts: () => "not written yet",
  layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
  stages: () => [],
};
