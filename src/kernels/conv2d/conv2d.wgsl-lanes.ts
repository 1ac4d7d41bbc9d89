/**
 * conv2d in WGSL for adapters that run on the CPU, as an implicit matrix product without workgroup memory. There an instruction works on
 * a subgroup's 4 or 8 invocations at once and costs least when they touch neighbouring numbers. So neighbours are neighbouring output
 * channels, whose weights are one vector load; and each fetches another k of an input row, which a broadcast then gives to all: one
 * load for 4 or 8 steps. An invocation holds 8 (or 7) pixels × 4 channels. Measured on two cores against the tiled kernel
 * (wgsl-gemm): 1.7 times as fast on SwiftShader, twice on llvmpipe.
 */
import type { WgslStage, WgslVariant } from "../op.ts";
import { flatWorkgroupText, workgroupGrid } from "../wgsl/dispatch.ts";
import { fitsDevice, unrolled, wgslStage } from "../wgsl/shader-text.ts";
import { type Conv2dProblem, conv2dDepth } from "./conv2d.problem.ts";
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
  runsText,
} from "./conv2d.wgsl-parts.ts";

const subgroupSizes = [4, 8];
/** Channels of an invocation, one workgroup apart. */
const columns = 4;

export const conv2dWgslLanes: WgslVariant<Conv2dProblem> = {
  id: "conv2d.wgsl-lanes",
  way: "direct",
  sumOrder: conv2dWgslSumOrder,
  accepts: (p, capabilities) => {
    if (!capabilities.software) return "for adapters that run on the CPU";
    if (!subgroupSizes.includes(capabilities.subgroupSize ?? 0)) return "needs subgroups of 4 or 8";
    if (p.groups !== 1) return `takes one group of channels, not ${p.groups}`;
    return fitsDevice(capabilities, { invocations: 16 });
  },
  layouts: () => ({ inputs: ["nhwc", "nhwc", "nhwc", "nhwc"], output: "nhwc" }),
  constants: (p) => [packedWeight(p), ...conv2dBias(p)],
  stages: (p, _, { subgroupSize }) => [lanesStage(p, subgroupSize!)],
};

/** Row k of the packed weight has this many numbers: the channels, and zeros up to a whole tile of any subgroup size. */
function weightStride(p: Conv2dProblem): number {
  return Math.ceil(p.outChannels / 32) * 32;
}

/** weight (O, C, KH, KW) → (K + 8, weightStride), k = (ky, kx, c); the last rows may be read and are multiplied by 0. */
function packedWeight(p: Conv2dProblem) {
  const stride = weightStride(p);
  return {
    operands: [1],
    elements: (conv2dDepth(p) + 8) * stride,
    write: ([weight]: readonly ArrayLike<number>[], out: Float32Array) => {
      let row = 0;
      for (let ky = 0; ky < p.kernel[0]; ky++)
        for (let kx = 0; kx < p.kernel[1]; kx++)
          for (let c = 0; c < p.channels; c++, row += stride)
            for (let o = 0; o < p.outChannels; o++) out[row + o] = weight![kernelIndex(p, o, ky, kx, c)]!;
    },
  };
}

function lanesStage(p: Conv2dProblem, subgroup: number): WgslStage {
  const pixels = p.outHeight * p.outWidth;
  const rows = pixels % 8 !== 0 && pixels % 7 === 0 ? 7 : 8;
  const lanes = Math.min(16, Math.ceil(p.outChannels / columns / subgroup) * subgroup);
  const tiles = Math.ceil(p.outChannels / (columns * lanes));
  const runs = contiguousRuns(p, subgroup);
  const body = /* wgsl */ `${flatWorkgroupText}
${pixelsText}
${runsText(runs)}
${fetchText(runs)}
${epilogueText(p, "f32")}

// The weights of one k for the channels of an invocation.
fn weights_at(i: u32) -> vec4f {
  return vec4f(weight[i], weight[i + LANES], weight[i + 2u * LANES], weight[i + 3u * LANES]);
}

${lastTilesText(p, rows, lanes)}

// The sums of an invocation begin with the bias.
fn first_sums(channel: u32) -> vec4f {
  return vec4f(sum_of(channel), sum_of(channel + LANES), sum_of(channel + 2u * LANES), sum_of(channel + 3u * LANES));
}

fn sum_of(channel: u32) -> f32 {
  return first_sum(min(channel, OUT_CHANNELS - 1u));
}

fn store(pixel: u32, channel: u32, sum: f32) {
  if (is_channel(channel)) {
    let i = pixel * OUT_CHANNELS + channel;
    y[i] = finished(sum, i);
  }
}

fn store_row(pixel: u32, channel: u32, sums: vec4f) {
  if (is_pixel(pixel)) {
    store(pixel, channel, sums.x);
    store(pixel, channel + LANES, sums.y);
    store(pixel, channel + 2u * LANES, sums.z);
    store(pixel, channel + 3u * LANES, sums.w);
  }
}

@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_invocation_id) k_lane: u32,
) {
  let pixels = OUT_HEIGHT * OUT_WIDTH * repeats;
  let tile = flat_workgroup(group);
  let first = (tile / TILES) * ROWS;
  if (first >= pixels) {
    return;
  }
  let channel = (tile % TILES) * (4u * LANES) + lane;
  let pixel0 = pixel_at(first);
${unrolled(rows - 1, (i) => `  let pixel${i + 1} = pixel_after(pixel${i}, is_pixel(first + ${i + 1}u));`)}
${unrolled(rows, (i) => `  let top${i} = top_of(pixel${i}); let left${i} = left_of(pixel${i});`)}
  let begin = first_sums(channel);
${unrolled(rows, (i) => `  var sums${i} = begin;`)}
  var w = channel;
  for (var ky = 0u; ky < KERNEL_HEIGHT; ky++) {
    for (var run = 0u; run < RUNS; run++) {
      let down = i32(ky * ROW_DILATION);
      let right = i32(run * COLUMN_DILATION);
${unrolled(rows, (i) => `      let inside${i} = run_inside(top${i} + down, left${i} + right);`)}
${unrolled(rows, (i) => `      let start${i} = run_start(pixel${i}.x, top${i} + down, left${i} + right, inside${i});`)}
${unrolled(rows, (i) => `      let column${i} = run_column(left${i} + right);`)}
      for (var r = 0u; r < RUN; r += ${subgroup}u) {
${unrolled(rows, (i) => `        let x${i} = fetch(start${i}, column${i}, inside${i}, r + k_lane);`)}
${unrolled(subgroup, (k) => step(rows, k))}
        w += min(${subgroup}u, RUN - r) * WEIGHT_STRIDE;
      }
    }
  }
${unrolled(rows, (i) => `  store_row(first + ${i}u, channel, sums${i});`)}
}`;
  return wgslStage({
    name: "conv2d",
    directives: "enable subgroups;",
    sizes: {
      ...conv2dSizes(p),
      ...{ RUN: runs.length, RUNS: runs.count, ROWS: rows, LANES: lanes, TILES: tiles, WEIGHT_STRIDE: weightStride(p) },
    },
    bindings: conv2dBindings(p, { x: "f32", weight: "f32", y: "f32" }),
    body,
    workgroups: (repeats) => workgroupGrid(Math.ceil((pixels * repeats) / rows) * tiles),
  });
}

/** One k for all rows of an invocation. */
function step(rows: number, k: number): string {
  return `        let w${k} = weights_at(w + ${k}u * WEIGHT_STRIDE);
${unrolled(rows, (i) => `        sums${i} = fma(vec4f(subgroupBroadcast(x${i}, ${k}u)), w${k}, sums${i});`)}`;
}

/** WGSL: whether a tile's pixel and channel are there; where tiles always come out even, nobody needs to ask. */
function lastTilesText(p: Conv2dProblem, rows: number, lanes: number): string {
  const pixelsAreEven = (p.outHeight * p.outWidth) % rows === 0;
  const channelsAreEven = p.outChannels % (columns * lanes) === 0;
  return /* wgsl */ `
fn is_pixel(pixel: u32) -> bool {
  return ${pixelsAreEven ? "true" : "pixel < OUT_HEIGHT * OUT_WIDTH * repeats"};
}

fn is_channel(channel: u32) -> bool {
  return ${channelsAreEven ? "true" : "channel < OUT_CHANNELS"};
}`;
}
