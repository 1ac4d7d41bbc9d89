/**
 * What conv2d's WGSL kernels share: the sizes in their headers, where an output pixel's window begins, which stretches of its input are
 * contiguous, and the epilogue. Everything is NHWC; pixels are counted through all images, so that a batch is one tall matrix.
 */
import { constant, input, output, repeat } from "../argument.ts";
import type { PackedConstant } from "../op.ts";
import type { Binding } from "../wgsl/shader-text.ts";
import { type Conv2dProblem, residualIndex } from "./conv2d.problem.ts";

/** Every sum begins with the bias; products are added over ky, kx, c in this order by fused multiply-adds; then the residual. */
export const conv2dWgslSumOrder = "bias; ky, kx, c; residual";

export function conv2dSizes(p: Conv2dProblem): Record<string, number> {
  return {
    ...{ CHANNELS: p.channels, HEIGHT: p.height, WIDTH: p.width },
    ...{ OUT_CHANNELS: p.outChannels, OUT_HEIGHT: p.outHeight, OUT_WIDTH: p.outWidth },
    ...{ KERNEL_HEIGHT: p.kernel[0], KERNEL_WIDTH: p.kernel[1], ROW_STRIDE: p.stride[0], COLUMN_STRIDE: p.stride[1] },
    ...{ ROW_PADDING: p.padding[0], COLUMN_PADDING: p.padding[1] },
    ...{ ROW_DILATION: p.dilation[0], COLUMN_DILATION: p.dilation[1] },
  };
}

export type Element = "f32" | "vec4f";

/** x and the packed weight, [bias], [residual], y and the number of repeats: `x` and `y` are the element types. */
export function conv2dBindings(p: Conv2dProblem, elements: { x: Element; weight: Element; y: Element }): Binding[] {
  const bindings: Binding[] = [
    { name: "x", element: elements.x, argument: input(0) },
    { name: "weight", element: elements.weight, argument: constant(0) },
  ];
  if (p.bias) bindings.push({ name: "bias", element: elements.y, argument: constant(1) });
  if (p.residual) bindings.push({ name: "residual", element: elements.y, argument: input(residualIndex(p)) });
  bindings.push({ name: "y", element: elements.y, argument: output }, { name: "repeats", argument: repeat });
  return bindings;
}

/** The bias as it is, where there is one: a list to spread behind the weight. */
export function conv2dBias(p: Conv2dProblem): PackedConstant[] {
  if (!p.bias) return [];
  return [{ operands: [2], elements: p.outChannels, write: ([bias], out) => out.set(bias!) }];
}

/**
 * WGSL: an output pixel as its image, row and column, from its number among those of all images; the pixel after it, without a
 * division, or the same where there is none; and where its window begins, which may be negative, in the padding.
 */
export const pixelsText = /* wgsl */ `
fn pixel_at(number: u32) -> vec3u {
  return vec3u(number / (OUT_HEIGHT * OUT_WIDTH), (number / OUT_WIDTH) % OUT_HEIGHT, number % OUT_WIDTH);
}

fn pixel_after(pixel: vec3u, is_there: bool) -> vec3u {
  let next_row = pixel.z + 1u == OUT_WIDTH;
  let next_image = next_row & (pixel.y + 1u == OUT_HEIGHT);
  let row = select(pixel.y, pixel.y + 1u, next_row);
  let after = vec3u(select(pixel.x, pixel.x + 1u, next_image), select(row, 0u, next_image), select(pixel.z + 1u, 0u, next_row));
  return select(pixel, after, is_there);
}

fn top_of(pixel: vec3u) -> i32 {
  return i32(pixel.y * ROW_STRIDE) - i32(ROW_PADDING);
}

fn left_of(pixel: vec3u) -> i32 {
  return i32(pixel.z * COLUMN_STRIDE) - i32(COLUMN_PADDING);
}`;

/**
 * How k walks through x: each kernel row is `count` runs of `length` contiguous numbers. Where channels come in whole steps, a run is one
 * pixel and lies inside the image or not. Otherwise a run is a whole kernel row where its columns touch, and each number is asked.
 */
export interface Runs {
  readonly length: number;
  readonly count: number;
  readonly ofPixels: boolean;
}

/** `step`: how many numbers are fetched together. */
export function contiguousRuns(p: Conv2dProblem, step: number): Runs {
  if (p.channels % step === 0) return { length: p.channels, count: p.kernel[1], ofPixels: true };
  if (p.dilation[1] === 1) return { length: p.channels * p.kernel[1], count: 1, ofPixels: false };
  return { length: p.channels, count: p.kernel[1], ofPixels: false };
}

/**
 * WGSL: whether a run that begins at (top, left) can have numbers of the image, where it begins in x, and where in its row of the image.
 * The last wraps below 0, as u32 do, which `fetchText` relies on.
 */
export function runsText(runs: Runs): string {
  return runs.ofPixels ? pixelRunsText : rowRunsText;
}

const pixelRunsText = /* wgsl */ `
fn run_inside(top: i32, left: i32) -> bool {
  return (u32(top) < HEIGHT) & (u32(left) < WIDTH);
}

fn run_start(image: u32, top: i32, left: i32, inside: bool) -> u32 {
  return select(0u, ((image * HEIGHT + u32(top)) * WIDTH + u32(left)) * CHANNELS, inside);
}

fn run_column(left: i32) -> u32 {
  return 0u; // nobody asks
}`;

const rowRunsText = /* wgsl */ `
fn run_inside(top: i32, left: i32) -> bool {
  return u32(top) < HEIGHT;
}

fn run_start(image: u32, top: i32, left: i32, inside: bool) -> u32 {
  return ((image * HEIGHT + u32(top)) * WIDTH + u32(left)) * CHANNELS;
}

fn run_column(left: i32) -> u32 {
  return u32(left) * CHANNELS;
}`;

/** WGSL: number r of a run, or 0 outside of the image. */
export function fetchText(runs: Runs): string {
  return runs.ofPixels ? fetchOfPixelText : fetchOfRowText;
}

const fetchOfPixelText = /* wgsl */ `
fn fetch(start: u32, column: u32, inside: bool, r: u32) -> f32 {
  return select(0.0, x[start + r], inside);
}`;

const fetchOfRowText = /* wgsl */ `
fn fetch(start: u32, column: u32, inside: bool, r: u32) -> f32 {
  let is_number = inside & (column + r < WIDTH * CHANNELS) & (r < RUN);
  return select(0.0, x[select(0u, start + r, is_number)], is_number);
}`;

/** WGSL: `first_sum(c)`, the bias c or 0, and `finished(sum, i)`, which adds the residual i and applies the ReLU; NaN stays NaN. */
export function epilogueText(p: Conv2dProblem, element: Element): string {
  return /* wgsl */ `
fn first_sum(c: u32) -> ${element} {
  return ${p.bias ? "bias[c]" : `${element}(0.0)`};
}

fn finished(sum: ${element}, i: u32) -> ${element} {
  let value = ${p.residual ? "sum + residual[i]" : "sum"};
  return ${p.relu ? `select(value, ${element}(0.0), value < ${element}(0.0))` : "value"};
}`;
}

/** Number of k's row in weight (O, C/groups, KH, KW) for ky, kx, c in this order. */
export function kernelIndex(p: Conv2dProblem, o: number, ky: number, kx: number, c: number): number {
  const channels = p.channels / p.groups;
  return ((o * channels + c) * p.kernel[0] + ky) * p.kernel[1] + kx;
}
