/** adaptiveAvgPool2d in WGSL, NHWC: the window of o goes from ⌊o · size / outSize⌋ to ⌈(o + 1) · size / outSize⌉, the end excluded. */
import type { WgslVariant } from "../op.ts";
import { meanText } from "../pool2d/mean-text.wgsl.ts";
import { poolStage } from "../pool2d/pool2d.wgsl.ts";
import { flatInvocations } from "../wgsl/dispatch.ts";
import { fitsDevice } from "../wgsl/shader-text.ts";
import type { AdaptiveAvgPool2dProblem } from "./adaptive-avg-pool2d.problem.ts";

const adaptiveWindowsText = /* wgsl */ `
fn adaptive_window(o: u32, size: u32, out_size: u32) -> Window {
  let first = (o * size) / out_size;
  let end = ((o + 1u) * size + out_size - 1u) / out_size;
  return Window(first, end, end - first);
}

fn row_window(o: u32) -> Window {
  return adaptive_window(o, HEIGHT, OUT_HEIGHT);
}

fn column_window(o: u32) -> Window {
  return adaptive_window(o, WIDTH, OUT_WIDTH);
}`;

export const adaptiveAvgPool2dWgsl: readonly WgslVariant<AdaptiveAvgPool2dProblem>[] = [
  {
    id: "adaptiveAvgPool2d.wgsl-nhwc",
    sumOrder: "ky, kx",
    accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
    layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
    stages: (p) => [
      poolStage({
        name: "adaptiveAvgPool2d",
        channels: p.channels,
        size: [p.height, p.width],
        outSize: [p.outHeight, p.outWidth],
        dilation: [1, 1],
        windows: adaptiveWindowsText,
        combination: meanText,
      }),
    ],
  },
];
