/**
 * conv2d in WGSL as an implicit matrix product, for GPUs: pixels of all images × output channels, tiled 64 × 64 in workgroup memory. 64
 * invocations hold 8 × 8 sums each, in registers. A step of K brings 16 (or 8, or 4) k of 64 pixels, gathered from x and laid down
 * transposed, and of 64 channels, one contiguous piece of the packed weight. Where one image makes few such tiles, most of a GPU would
 * have nothing to do: then tiles are 32 × 32, and an invocation holds 4 × 4 sums.
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

const invocations = 64;

/** How the work is cut: an invocation has `quads` times four rows, 32 apart, and as many columns. */
interface Tiling {
  readonly quads: 1 | 2;
  /** Pixels, and channels, of a tile. */
  readonly tile: number;
  /** vec4f of a row of the tile of x: one more than are used, so that columns fall into different banks. */
  readonly xQuads: number;
}

const large: Tiling = { quads: 2, tile: 64, xQuads: 17 };
const small: Tiling = { quads: 1, tile: 32, xQuads: 9 };

/** Tiles of 64 × 64 of one image below which the small ones are taken: a current GPU runs some hundred at once. */
const fewTiles = 40;

function isFew(p: Conv2dProblem): boolean {
  return Math.ceil((p.outHeight * p.outWidth) / large.tile) * Math.ceil(p.outChannels / large.tile) < fewTiles;
}

export const conv2dWgslGemmSmall = gemmVariant("conv2d.wgsl-gemm-small", small, (p) =>
  isFew(p) ? true : `for fewer than ${fewTiles} tiles of 64 × 64 an image`,
);

export const conv2dWgslGemm = gemmVariant("conv2d.wgsl-gemm", large, () => true);

function gemmVariant(id: string, tiling: Tiling, suits: (p: Conv2dProblem) => true | string) {
  const storageBytes = 16 * 16 * (tiling.xQuads + tiling.tile / 4);
  return {
    id,
    way: "direct",
    sumOrder: conv2dWgslSumOrder,
    accepts: (p, capabilities) => {
      if (p.groups !== 1) return `takes one group of channels, not ${p.groups}`;
      const fits = fitsDevice(capabilities, { invocations, storageBytes });
      return fits === true ? suits(p) : fits;
    },
    layouts: () => ({ inputs: ["nhwc", "nhwc", "nhwc", "nhwc"], output: "nhwc" }),
    constants: (p) => [packedWeight(p, tiling.tile), ...conv2dBias(p)],
    stages: (p) => [gemmStage(p, tiling)],
  } satisfies WgslVariant<Conv2dProblem>;
}

/** k of a step: the most that pads a run by no more than 15 %. */
function stepOf(runs: Runs): number {
  return [16, 8].find((step) => Math.ceil(runs.length / step) * step <= 1.15 * runs.length) ?? 4;
}

/** weight (O, C, KH, KW) → (O / tile, KH · runs, run in whole steps, tile), with zeros where a run or the channels end. */
function packedWeight(p: Conv2dProblem, tile: number): PackedConstant {
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

function gemmStage(p: Conv2dProblem, { quads, tile, xQuads }: Tiling): WgslStage {
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

var<workgroup> x_tile: array<vec4f, ${step * xQuads}>; // (k, quads of pixels and one unused)
var<workgroup> weight_tile: array<vec4f, ${(step * tile) / 4}>; // (k, quads of channels)

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

  // Multiplying: invocation t = (pixels, channels) has four rows from 4 · pixels on, and four that lie 32 on, and columns alike.
  let pixel_quad = t / 8u;
  let channel_quad = t % 8u;
  let channel = (tile % TILES) * ${tile}u + 4u * channel_quad;
${unrolled(quads, (b) => `  let begin${b} = first_four(channel + ${32 * b}u);`)}
${unrolled(4 * quads * quads, (i) => `  var ${sumName(i, quads)} = begin${i % quads};`)}

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
${unrolled(quads, (a) => `      let x_k${a} = x_tile[k * ${xQuads}u + ${8 * a}u + pixel_quad];`)}
${unrolled(quads, (b) => `      let w_k${b} = weight_tile[k * ${tile / 4}u + ${8 * b}u + channel_quad];`)}
${unrolled(4 * quads * quads, (i) => multiply(i, quads))}
    }
  }

${unrolled(4 * quads, (row) => storeRow(row, quads))}
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

/** Sum i of an invocation: of row ⌊i / quads⌋ and four channels. */
function sumName(i: number, quads: number): string {
  return `sums${Math.floor(i / quads)}_${i % quads}`;
}

function multiply(i: number, quads: number): string {
  const row = Math.floor(i / quads);
  const sum = sumName(i, quads);
  return `      ${sum} = fma(vec4f(x_k${Math.floor(row / 4)}[${row % 4}]), w_k${i % quads}, ${sum});`;
}

function storeRow(row: number, quads: number): string {
  const pixel = 32 * Math.floor(row / 4) + (row % 4);
  return `  let row${row} = first + 4u * pixel_quad + ${pixel}u;
  if (row${row} < pixels) {
${unrolled(quads, (b) => `    store_four(row${row}, channel + ${32 * b}u, sums${row}_${b});`)}
  }`;
}
