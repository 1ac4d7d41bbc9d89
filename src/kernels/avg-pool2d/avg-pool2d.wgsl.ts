/** avgPool2d in WGSL, NHWC. */
import type { WgslVariant } from "../op.ts";
import { meanText } from "../pool2d/mean-text.wgsl.ts";
import { poolStage } from "../pool2d/pool2d.wgsl.ts";
import { slidingWindowsText } from "../pool2d/sliding-window.wgsl.ts";
import { flatInvocations } from "../wgsl/dispatch.ts";
import { fitsDevice } from "../wgsl/shader-text.ts";
import type { AvgPool2dProblem } from "./avg-pool2d.problem.ts";

export const avgPool2dWgsl: readonly WgslVariant<AvgPool2dProblem>[] = [
  {
    id: "avgPool2d.wgsl-nhwc",
    sumOrder: "ky, kx",
    accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
    layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
    stages: (p) => [
      poolStage({
        name: "avgPool2d",
        channels: p.channels,
        size: [p.height, p.width],
        outSize: [p.outHeight, p.outWidth],
        dilation: p.dilation,
        windows: slidingWindowsText(p, p.countIncludePad),
        combination: meanText,
      }),
    ],
  },
];
