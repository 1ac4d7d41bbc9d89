/**
 * conv2d in WGSL as an implicit matrix product, for GPUs: pixels of all images × output channels, tiled 64 × 64 in workgroup memory. 64
 * invocations hold 8 × 8 sums each, in registers. A step of K brings 16 (or 8, or 4) k of 64 pixels, gathered from x and laid down
 * transposed, and of 64 channels, one contiguous piece of the packed weight.
 */
import type { PackedConstant, WgslStage, WgslVariant } from "../op.ts";
import { flatWorkgroupText, workgroupGrid } from "../wgsl/dispatch.ts";
import { fitsDevice, unrolled, wgslStage } from "../wgsl/shader-text.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";
import {
  contiguousRuns,
  conv2dBias,
  conv2dBindings,
  conv2dSizes,
  conv2dWgslSumOrder,
  epilogueText,
  fetchText,
  kernelIndex,
  pixelsText,
  type Runs,
  runsText,
} from "./conv2d.wgsl-parts.ts";

/** Pixels, and channels, of a tile. */
const tile = 64;
/** vec4f of a row of the tile of x: 16, and one more so that columns fall into different banks. */
const xQuads = tile / 4 + 1;
const invocations = 64;
const workgroupBytes = 16 * 16 * (xQuads + tile / 4);

export const conv2dWgslGemm: WgslVariant<Conv2dProblem> = {
  id: "conv2d.wgsl-gemm",
  sumOrder: conv2dWgslSumOrder,
  accepts: (p, capabilities) =>
    p.groups === 1
      ? fitsDevice(capabilities, { invocations, storageBytes: workgroupBytes })
      : `takes one group of channels, not ${p.groups}`,
  layouts: () => ({ inputs: ["nhwc", "nhwc", "nhwc", "nhwc"], output: "nhwc" }),
  constants: (p) => [packedWeight(p), ...conv2dBias(p)],
  stages: (p) => [gemmStage(p)],
};

/** k of a step: the most that pads a run by no more than 15 %. */
function stepOf(runs: Runs): number {
  return [16, 8].find((step) => Math.ceil(runs.length / step) * step <= 1.15 * runs.length) ?? 4;
}

/** weight (O, C, KH, KW) → (O / 64, KH · runs, run in whole steps, 64), with zeros where a run or the channels end. */
function packedWeight(p: Conv2dProblem): PackedConstant {
  const runs = contiguousRuns(p, 4);
  const step = stepOf(runs);
  const padded = Math.ceil(runs.length / step) * step;
  const tiles = Math.ceil(p.outChannels / tile);
  return {
    operands: [1],
    elements: tiles * p.kernel[0] * runs.count * padded * tile,
    write: ([weight], out) => {
      for (let o = 0; o < p.outChannels; o++) {
        let row = Math.floor(o / tile) * p.kernel[0] * runs.count * padded;
        for (let ky = 0; ky < p.kernel[0]; ky++)
          for (let run = 0; run < runs.count; run++, row += padded)
            for (let r = 0; r < runs.length; r++) {
              const kx = run + Math.floor(r / p.channels);
              out[(row + r) * tile + (o % tile)] = weight![kernelIndex(p, o, ky, kx, r % p.channels)]!;
            }
      }
    },
  };
}

/** WGSL: four numbers of a run from number r on, which is a multiple of 4. */
const fetchFourOfPixel = /* wgsl */ `
fn fetch_four(start: u32, column: u32, inside: bool, r: u32) -> vec4f {
  let is_number = inside & (r < RUN);
  return select(vec4f(), x[select(0u, (start + r) / 4u, is_number)], is_number);
}`;

const fetchFourOfRow = /* wgsl */ `
fn fetch_four(start: u32, column: u32, inside: bool, r: u32) -> vec4f {
  return vec4f(
    fetch(start, column, inside, r),
    fetch(start, column, inside, r + 1u),
    fetch(start, column, inside, r + 2u),
    fetch(start, column, inside, r + 3u),
  );
}`;

/** WGSL: where the sums of four neighbouring channels begin, and where they go. */
const fourAtOnce = /* wgsl */ `
fn first_four(channel: u32) -> vec4f {
  return first_sum(min(channel, OUT_CHANNELS - 4u) / 4u);
}

fn store_four(pixel: u32, channel: u32, sums: vec4f) {
  if (channel < OUT_CHANNELS) {
    let i = (pixel * OUT_CHANNELS + channel) / 4u;
    y[i] = finished(sums, i);
  }
}`;

const fourSingly = /* wgsl */ `
fn sum_of(channel: u32) -> f32 {
  return first_sum(min(channel, OUT_CHANNELS - 1u));
}

fn first_four(channel: u32) -> vec4f {
  return vec4f(sum_of(channel), sum_of(channel + 1u), sum_of(channel + 2u), sum_of(channel + 3u));
}

fn store(pixel: u32, channel: u32, sum: f32) {
  if (channel < OUT_CHANNELS) {
    let i = pixel * OUT_CHANNELS + channel;
    y[i] = finished(sum, i);
  }
}

fn store_four(pixel: u32, channel: u32, sums: vec4f) {
  store(pixel, channel, sums.x);
  store(pixel, channel + 1u, sums.y);
  store(pixel, channel + 2u, sums.z);
  store(pixel, channel + 3u, sums.w);
}`;

function gemmStage(p: Conv2dProblem): WgslStage {
  const runs = contiguousRuns(p, 4);
  const step = stepOf(runs);
  const tiles = Math.ceil(p.outChannels / tile);
  const xElement = runs.ofPixels ? "vec4f" : "f32";
  const yElement = p.outChannels % 4 === 0 ? "vec4f" : "f32";
  const body = /* wgsl */ `${flatWorkgroupText}
${pixelsText}
${runsText(runs)}
${runs.ofPixels ? fetchFourOfPixel : `${fetchText(runs)}${fetchFourOfRow}`}
${epilogueText(p, yElement)}
${yElement === "vec4f" ? fourAtOnce : fourSingly}

var<workgroup> x_tile: array<vec4f, ${step * xQuads}>; // (k, 16 quads of pixels and one unused)
var<workgroup> weight_tile: array<vec4f, ${(step * tile) / 4}>; // (k, 16 quads of channels)

@compute @workgroup_size(${invocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let pixels = OUT_HEIGHT * OUT_WIDTH * repeats;
  let tile = flat_workgroup(group);
  let first = (tile / TILES) * ${tile}u;
  if (first >= pixels) {
    return;
  }

  // Gathering: invocation t fetches four k, from 4 · k_quad on, of the four pixels of x_quad.
  let k_quad = t % (STEP / 4u);
  let x_quad = t / (STEP / 4u);
  let gathers = x_quad < ${tile / 4}u;
  let gathered = first + 4u * x_quad;
  let pixel0 = pixel_at(min(gathered, pixels - 1u));
${unrolled(3, (i) => `  let pixel${i + 1} = pixel_after(pixel${i}, gathered + ${i + 1}u < pixels);`)}
${unrolled(4, (i) => `  let top${i} = top_of(pixel${i}); let left${i} = left_of(pixel${i});`)}

  // Multiplying: invocation t = (pixels, channels) has rows 4 · pixels + (0 … 3) and 32 more, and columns alike.
  let pixel_quad = t / 8u;
  let channel_quad = t % 8u;
  let channel = (tile % TILES) * ${tile}u + 4u * channel_quad;
  let begin_low = first_four(channel);
  let begin_high = first_four(channel + ${tile / 2}u);
${unrolled(8, (i) => `  var low${i} = begin_low; var high${i} = begin_high;`)}

  var w = (tile % TILES) * STEPS * STEP * ${tile / 4}u;
  var ky = 0u;
  var run = 0u;
  var r = 0u;
  for (var s = 0u; s < STEPS; s++) {
    workgroupBarrier(); // the last step has been read
    if (gathers) {
      let down = i32(ky * ROW_DILATION);
      let right = i32(run * COLUMN_DILATION);
${unrolled(4, (i) => gatherFour(i))}
${unrolled(4, (k) => `      x_tile[(4u * k_quad + ${k}u) * ${xQuads}u + x_quad] = vec4f(x0[${k}], x1[${k}], x2[${k}], x3[${k}]);`)}
    }
    for (var q = t; q < STEP * ${tile / 4}u; q += ${invocations}u) {
      weight_tile[q] = weight[w + q];
    }
    w += STEP * ${tile / 4}u;
    r += STEP;
    if (r >= RUN) {
      r = 0u;
      run++;
    }
    if (run == RUNS) {
      run = 0u;
      ky++;
    }
    workgroupBarrier();
    for (var k = 0u; k < STEP; k++) {
      let x_low = x_tile[k * ${xQuads}u + pixel_quad];
      let x_high = x_tile[k * ${xQuads}u + 8u + pixel_quad];
      let w_low = weight_tile[k * ${tile / 4}u + channel_quad];
      let w_high = weight_tile[k * ${tile / 4}u + 8u + channel_quad];
${unrolled(8, (i) => multiplyRow(i))}
    }
  }

${unrolled(8, (i) => storeRow(i))}
}`;
  return wgslStage({
    name: "conv2d",
    sizes: {
      ...conv2dSizes(p),
      ...{
        RUN: runs.length,
        RUNS: runs.count,
        STEP: step,
        STEPS: p.kernel[0] * runs.count * Math.ceil(runs.length / step),
        TILES: tiles,
      },
    },
    bindings: conv2dBindings(p, { x: xElement, weight: "vec4f", y: yElement }),
    body,
    workgroups: (repeats) => workgroupGrid(Math.ceil((p.outHeight * p.outWidth * repeats) / tile) * tiles),
  });
}

function gatherFour(i: number): string {
  return `      let inside${i} = run_inside(top${i} + down, left${i} + right);
      let start${i} = run_start(pixel${i}.x, top${i} + down, left${i} + right, inside${i});
      let x${i} = fetch_four(start${i}, run_column(left${i} + right), inside${i}, r + 4u * k_quad);`;
}

function multiplyRow(i: number): string {
  const x = `vec4f(${i < 4 ? "x_low" : "x_high"}[${i % 4}])`;
  return `      low${i} = fma(${x}, w_low, low${i}); high${i} = fma(${x}, w_high, high${i});`;
}

function storeRow(i: number): string {
  const row = (i < 4 ? 0 : tile / 2) + (i % 4);
  return `  let row${i} = first + 4u * pixel_quad + ${row}u;
  if (row${i} < pixels) {
    store_four(row${i}, channel, low${i});
    store_four(row${i}, channel + ${tile / 2}u, high${i});
  }`;
}
