/**
 * How Winograd's convolution is cut up in WebAssembly: an image into tiles (rows of its matrix products), these into blocks, the output
 * channels into panels. Maps with many tiles and few weights are done block by block by one thread each (`joined`: transform, multiply,
 * transform back, all in its own cache); others in two stages, so that each weight is read by one thread. None of it changes a bit.
 */
import type { FloatArray } from "../../tensor/dtype.ts";
import type { PackedConstant } from "../op.ts";
import { flushDenormals } from "../wasm/pack.ts";
import { type Panel, type Panels, panelsOf, panelWidth } from "../wasm/panels.ts";
import { type RowTiles, rowTiles } from "../wasm/row-tiles.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";
import type { Cut } from "./conv2d.wasm-geometry.ts";
import { transformNumbers } from "./conv2d.wasm-winograd-transform.ts";
import { kernelTransform, type Winograd } from "./conv2d.winograd.ts";

/** Transformed input of a block that one thread keeps in its second-level cache, beside weights that fit there too. */
const blockBytes = 192 * 1024;
/** Where the weights do not, each block reads them anew from further away: fewer blocks. */
const largeBlockBytes = 384 * 1024;
const nearBytes = 768 * 1024;
/** With more transformed weights, each is read by one thread only. */
const joinedBytes = 3 * 1024 * 1024;
const joinedTiles = 36;

export interface WinogradGeometry {
  readonly winograd: Winograd;
  /** s²: matrix products. */
  readonly planes: number;
  /** Tiles of an image. */
  readonly tilesDown: number;
  readonly tilesAcross: number;
  readonly rowTiles: RowTiles;
  readonly rowTilesPerBlock: number;
  readonly blocks: number;
  readonly panels: Panels;
  readonly joined: boolean;
  /** Channels that a transform takes at a time: one vector. */
  readonly lanes: 4 | 8;
  /** Numbers between planes of the transformed input, of a block where joined, else of an image. */
  readonly inputPlane: number;
  /** Numbers between planes of a block's sums, of one panel. */
  readonly sumPlane: number;
}

export function winogradGeometry(p: Conv2dProblem, winograd: Winograd, { simd, threads }: Cut): WinogradGeometry {
  const planes = winograd.inputs ** 2;
  const tilesDown = Math.ceil(p.outHeight / winograd.outputs);
  const tilesAcross = Math.ceil(p.outWidth / winograd.outputs);
  const tiles = tilesDown * tilesAcross;
  const panels = panelsOf(p.outChannels, panelWidth(simd));
  const weightBytes = 4 * planes * p.channels * p.outChannels;
  const joined = tiles >= joinedTiles && weightBytes <= joinedBytes;
  // Blocks of like size, so many that threads end together.
  const fitting = (4 * planes * tiles * p.channels) / (weightBytes <= nearBytes ? blockBytes : largeBlockBytes);
  const wanted = joined ? threads * Math.ceil(fitting / threads) : 1;
  const cut = rowTiles(tiles, 6, wanted * Math.ceil(Math.ceil(tiles / 6) / wanted));
  const rowTilesPerBlock = Math.ceil((cut.count + cut.smaller) / wanted);
  const blockTiles = Math.min(tiles, rowTilesPerBlock * cut.rows);
  return {
    ...{ winograd, planes, tilesDown, tilesAcross, panels, joined, rowTilesPerBlock },
    rowTiles: cut,
    blocks: Math.ceil((cut.count + cut.smaller) / rowTilesPerBlock),
    lanes: simd === 256 ? 8 : 4,
    // A cache line more, or planes of a power of two would fall on the same few places of a cache.
    inputPlane: (joined ? blockTiles : tiles) * p.channels + 16,
    sumPlane: blockTiles * panels.full.width + 16,
  };
}

/** Numbers of a packed panel: the biases, then [plane][c][column]. */
export function winogradPanelElements(panel: Panel, planes: number, channels: number): number {
  return panel.width * (1 + planes * channels);
}

/** [panel][bias, then plane, c][column] of G g Gᵀ, in float64 from unrounded weights and rounded once. */
export function transformedWeights(p: Conv2dProblem, g: WinogradGeometry): PackedConstant {
  const { count, full, tail } = g.panels;
  const all = [...new Array<Panel>(count).fill(full), ...(tail ? [tail] : [])];
  const elements = all.reduce((sum, panel) => sum + winogradPanelElements(panel, g.planes, p.channels), 0);
  const write = ([weight, bias]: readonly FloatArray[], out: Float32Array) => {
    const transform = kernelTransform(g.winograd);
    const transformed = new Float64Array(g.planes);
    let base = 0;
    let first = 0;
    for (const { columns, width } of all) {
      if (bias) for (let column = 0; column < columns; column++) out[base + column] = bias[first + column]!;
      for (let c = 0; c < p.channels; c++)
        for (let column = 0; column < columns; column++) {
          transform(weight!, 9 * ((first + column) * p.channels + c), transformed);
          const at = base + width * (1 + c) + column;
          for (let plane = 0; plane < g.planes; plane++) out[at + plane * p.channels * width] = transformed[plane]!;
        }
      base += width * (1 + g.planes * p.channels);
      first += columns;
    }
    flushDenormals(out);
  };
  return { operands: p.bias ? [1, 2] : [1], elements, recipe: `panels of ${full.width}`, write };
}

/** Numbers of what windows read outside of the image: a tile's columns of zeros. */
export function zeroElements(p: Conv2dProblem, { inputs }: Winograd): number {
  return inputs * p.channels;
}

/** Zeros, as many as zeroElements, then each of the transforms' numbers eight times. */
export function transformTable(p: Conv2dProblem, winograd: Winograd): PackedConstant {
  const numbers = transformNumbers(winograd);
  const zeros = zeroElements(p, winograd);
  const write = (_: readonly FloatArray[], out: Float32Array) => {
    for (const [i, number] of numbers.entries()) out.fill(number, zeros + 8 * i, zeros + 8 * i + 8);
  };
  return {
    operands: [],
    elements: zeros + 8 * numbers.length,
    recipe: `zeros and numbers of ${winograd.outputs}`,
    write,
  };
}
