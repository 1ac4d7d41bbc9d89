/** maxPool2d in WGSL, NHWC. */
import type { WgslVariant } from "../op.ts";
import { poolWgsl } from "../pool2d/pool2d.wgsl.ts";
import { slidingWindowsText } from "../pool2d/sliding-window.wgsl.ts";
import type { MaxPool2dProblem } from "./max-pool2d.problem.ts";

// WGSL's max() may drop a NaN, its compilers may take x != x for false, and it has no literal for −∞: hence the bits.
const maximumText = /* wgsl */ `
var<private> minus_infinity_bits: u32 = 0xff800000u;

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn start() -> f32 {
  return bitcast<f32>(minus_infinity_bits);
}

fn combine(maximum: f32, x: f32) -> f32 {
  return select(maximum, x, (x > maximum) | is_nan(x));
}

fn finish(maximum: f32, counted: u32) -> f32 {
  return maximum;
}`;

export const maxPool2dWgsl: readonly WgslVariant<MaxPool2dProblem>[] = [
  poolWgsl({
    name: "maxPool2d",
    sumOrder: "none",
    windows: (p) => slidingWindowsText(p, false),
    combination: maximumText,
  }),
];
