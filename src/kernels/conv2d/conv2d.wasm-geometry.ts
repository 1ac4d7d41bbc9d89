/**
 * How conv2d's WebAssembly matrix product cuts a problem up: panels of output channels, tiles of output pixels, blocks of tiles and chunks
 * of panels that are a piece, and where the input of each pixel lies. None of it changes the order of a sum.
 */
import type { FloatArray } from "../../tensor/dtype.ts";
import { type Border, type Extent, extentWithin } from "../border.ts";
import type { LayoutRule, PackedConstant, WasmCapabilities } from "../op.ts";
import type { Depth } from "../wasm/gemm-tile.ts";
import { type Panels, panelElements, panelsElements, panelsOf, panelWidth, writePanels } from "../wasm/panels.ts";
import { type RowTiles, rowTiles } from "../wasm/row-tiles.ts";
import { type Conv2dProblem, conv2dDepth } from "./conv2d.problem.ts";

/** Rows of a tile: 6 by 2 vectors of sums are 12, which with two of weights and one of x fill the 15 registers of x64. */
const tileRows = 6;
/** Where a group has at most four output channels a row is one vector. More rows would need more address registers than there are. */
const narrowTileRows = 8;
/** Input and output of a block of tiles, so that they stay in the second-level cache while all panels of a chunk pass over them. */
const blockBytes = 160 * 1024;
/** Weights of a chunk of panels, so that they stay there while all blocks pass. Fewer than `wholeBytes` are one chunk. */
const chunkBytes = 256 * 1024;
const wholeBytes = 512 * 1024;
/** Channels of an image that has just come in. */
const mostPlanes = 3;
/** Pieces that a thread should find in one image at least, so that all end at nearly the same time. */
const piecesPerThread = 4;

/** x, of one image with its border or of its padded copy. Its origin is where the first window begins. */
export interface Source extends Extent {
  readonly copied: boolean;
  /** The copy is made of x in planes (NCHW): a network's few colours as they come. */
  readonly planar: boolean;
}

export interface Conv2dGeometry {
  readonly groupChannels: number;
  /** Of the output channels of one group. */
  readonly panels: Panels;
  readonly source: Source;
  /** Of the pixels of an image. */
  readonly tiles: RowTiles;
  readonly tilesPerBlock: number;
  /** Blocks of an image. */
  readonly blocks: number;
  /** What the output channels are cut into: panels, where there is one group, else whole groups. */
  readonly units: number;
  readonly unitsPerChunk: number;
  readonly chunks: number;
  /** Neighbouring output pixels read neighbouring input pixels, through all rows of the image. */
  readonly flat: boolean;
  readonly depth: Depth;
}

/** What of the machine the cut follows. */
export type Cut = Pick<WasmCapabilities, "simd" | "threads">;

export function conv2dGeometry(p: Conv2dProblem, { simd, threads }: Cut): Conv2dGeometry {
  const groupChannels = p.channels / p.groups;
  const groupOut = p.outChannels / p.groups;
  const source = sourceOf(p);
  const panels = panelsOf(groupOut, panelWidth(simd));
  const pixels = p.outHeight * p.outWidth;
  const tiles = rowTiles(pixels, groupOut <= 4 ? narrowTileRows : tileRows);
  const tileCount = tiles.count + tiles.smaller;
  const bytesPerTile = tiles.rows * (p.stride[0] * p.stride[1] * p.channels + p.outChannels) * 4;
  const pointwise = p.kernel[0] * p.kernel[1] === 1 && p.stride[0] * p.stride[1] === 1;

  const units = p.groups > 1 ? p.groups : panels.count + (panels.tail ? 1 : 0);
  const weightBytes = 4 * p.groups * panelsElements(panels, conv2dDepth(p));
  const wanted = piecesPerThread * threads;
  const fewWeights = weightBytes <= wholeBytes;
  let blocks = Math.max(1, Math.ceil((tileCount * bytesPerTile) / blockBytes));
  if (fewWeights) blocks = Math.max(blocks, Math.min(wanted, Math.ceil(tileCount / 4)));
  const wantedChunks = fewWeights ? Math.ceil(wanted / blocks) : Math.max(weightBytes / chunkBytes, wanted / blocks);
  const unitsPerChunk = Math.ceil(units / Math.min(units, Math.ceil(wantedChunks)));
  const tilesPerBlock = Math.ceil(tileCount / blocks);
  return {
    ...{ groupChannels, panels, source, tiles, tilesPerBlock, units, unitsPerChunk },
    blocks: Math.ceil(tileCount / tilesPerBlock),
    chunks: Math.ceil(units / unitsPerChunk),
    flat: pointwise && !source.copied && !p.borders?.input,
    depth: depthOf(p, groupChannels, source.width),
  };
}

/** The image itself where no window leaves it or its border, else the rows and columns of a padded copy that windows touch. */
export function sourceOf(p: Conv2dProblem): Source {
  const border = p.borders?.input;
  if (border || (p.padding[0] === 0 && p.padding[1] === 0)) {
    const { height, width, origin } = extentWithin(p.height, p.width, border);
    const padding = p.padding[0] * width + p.padding[1];
    return { height, width, origin: origin - padding, copied: false, planar: false };
  }
  return { height: reach(p, 0), width: reach(p, 1), origin: 0, copied: true, planar: p.channels <= mostPlanes };
}

/** Rows or columns, with those of the padding, up to the end of the last window. */
function reach({ outHeight, outWidth, stride, dilation, kernel }: Conv2dProblem, axis: 0 | 1): number {
  return ([outHeight, outWidth][axis]! - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
}

/** The border that saves the padded copy; undefined where there is none. */
export function wantedBorder(p: Conv2dProblem): Border | undefined {
  const { copied, planar } = sourceOf(p);
  if (!copied || planar) return undefined;
  const [above, left] = p.padding;
  const below = Math.max(0, reach(p, 0) - above - p.height);
  return { above, left, below, right: Math.max(0, reach(p, 1) - left - p.width) };
}

/** Where the pixels of an output image lie. */
export function outputExtent(p: Conv2dProblem): Extent {
  return extentWithin(p.outHeight, p.outWidth, p.borders?.output);
}

/** What a kernel that reads `source` takes and gives. */
export function sourceLayouts(p: Conv2dProblem): LayoutRule {
  const x = sourceOf(p).planar ? "nchw" : "nhwc";
  return { inputs: p.residual ? [x, "nhwc"] : [x], output: "nhwc" };
}

/** k runs over ky, kx, c. Where a row of the window lies together in memory, kx and c are one run. */
function depthOf(p: Conv2dProblem, groupChannels: number, sourceWidth: number): Depth {
  const [kernelHeight, kernelWidth] = p.kernel;
  const pixelBytes = p.channels * 4;
  const rowBytes = p.dilation[0] * sourceWidth * pixelBytes;
  if (kernelWidth === 1 || (p.groups === 1 && p.dilation[1] === 1)) {
    const run = kernelWidth * groupChannels;
    return { run, loops: kernelHeight > 1 ? [{ times: kernelHeight, skip: rowBytes - run * 4 }] : [] };
  }
  const columnBytes = p.dilation[1] * pixelBytes;
  return {
    run: groupChannels,
    loops: [
      { times: kernelHeight, skip: rowBytes - kernelWidth * columnBytes },
      { times: kernelWidth, skip: columnBytes - groupChannels * 4 },
    ],
  };
}

/** Bytes of one unit's packed weights; only the last unit may have fewer. */
export function unitBytes(p: Conv2dProblem, g: Conv2dGeometry): number {
  const depth = conv2dDepth(p);
  return 4 * (p.groups > 1 ? panelsElements(g.panels, depth) : panelElements(g.panels.full, depth));
}

/** [group][panel][bias, then ky, kx, c][column] from weight (O, C/groups, KH, KW) and bias (O). */
export function packedWeights(p: Conv2dProblem, g: Conv2dGeometry): PackedConstant {
  const depth = conv2dDepth(p);
  const columns = p.outChannels / p.groups;
  const elements = panelsElements(g.panels, depth);
  const positions = p.kernel[0] * p.kernel[1];
  const write = ([weight, bias]: readonly FloatArray[], out: Float32Array) => {
    const order = new Int32Array(depth);
    for (let k = 0; k < depth; k++) order[k] = (k % g.groupChannels) * positions + Math.floor(k / g.groupChannels);
    for (let group = 0; group < p.groups; group++)
      writePanels(out.subarray(group * elements, (group + 1) * elements), {
        weight: weight!.subarray(group * columns * depth, (group + 1) * columns * depth),
        bias: bias?.subarray(group * columns, (group + 1) * columns),
        ...{ panels: g.panels, depth, order },
      });
  };
  const recipe = `groups ${p.groups}, panels of ${g.panels.full.width}`;
  return { operands: p.bias ? [1, 2] : [1], elements: p.groups * elements, recipe, write };
}

/** For each output pixel of an image the byte offset of its window's first number: integers of 32 bits in an array of floats. */
export function pixelOffsets(p: Conv2dProblem, g: Conv2dGeometry): PackedConstant {
  const write = (_: readonly FloatArray[], out: Float32Array) => {
    const offsets = new Int32Array(out.buffer, out.byteOffset, out.length);
    let i = 0;
    for (let oy = 0; oy < p.outHeight; oy++)
      for (let ox = 0; ox < p.outWidth; ox++)
        offsets[i++] = (g.source.origin + oy * p.stride[0] * g.source.width + ox * p.stride[1]) * p.channels * 4;
  };
  const recipe = [p.outHeight, p.outWidth, ...p.stride, g.source.width, g.source.origin, p.channels].join(" ");
  return { operands: [], elements: p.outHeight * p.outWidth, recipe, write };
}
