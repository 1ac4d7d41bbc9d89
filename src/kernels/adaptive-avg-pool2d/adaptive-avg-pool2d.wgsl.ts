/** adaptiveAvgPool2d in WGSL, NHWC: the window of o goes from ⌊o · size / outSize⌋ to ⌈(o + 1) · size / outSize⌉, the end excluded. */
import type { WgslVariant } from "../op.ts";
import { meanText } from "../pool2d/mean-text.wgsl.ts";
import { poolWgsl } from "../pool2d/pool2d.wgsl.ts";
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
  poolWgsl({
    name: "adaptiveAvgPool2d",
    sumOrder: "ky, kx",
    windows: () => adaptiveWindowsText,
    combination: meanText,
  }),
];
