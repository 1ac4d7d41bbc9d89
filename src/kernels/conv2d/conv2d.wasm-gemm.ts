/**
 * conv2d in WebAssembly for any shape: an implicit GEMM over NHWC. A tile is up to 6 output pixels by 8 output channels (16 in vectors of
 * 256 bits), whose sums stay in registers over the whole window: nothing is unrolled in memory (no im2col) but a copy with a zero border
 * where there is padding. A piece is a block of tiles by a chunk of panels; in it the loops are, outermost first: group, panel, tile, then
 * the window (ky, kx, c). Neighbouring pieces share their weights, which lie in the order in which they are read.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { Local } from "../../asm/value.ts";
import { constant, input, output, repeat, scratch } from "../argument.ts";
import type { WasmStage, WasmVariant } from "../op.ts";
import { emitGemmTile, type MultiplyAdd, multiplyAdd } from "../wasm/gemm-tile.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { type Panel, panelElements } from "../wasm/panels.ts";
import { divide, emitRowBlock, type RowBlock } from "../wasm/row-tiles.ts";
import { type Conv2dProblem, conv2dDepth, residualIndex, residualInPlace } from "./conv2d.problem.ts";
import {
  type Conv2dGeometry,
  conv2dGeometry,
  outputExtent,
  packedWeights,
  pixelOffsets,
  sourceLayouts,
  unitBytes,
  wantedBorder,
} from "./conv2d.wasm-geometry.ts";
import { padStage } from "./conv2d.wasm-pad.ts";

/** Of all that sum as the definition has it. */
export function gemmSumOrder(fused: boolean): string {
  return fused ? "bias, ky, kx, c; fused" : "bias, ky, kx, c";
}

function gemm(fused: boolean): WasmVariant<Conv2dProblem> {
  return {
    id: fused ? "conv2d.wasm-gemm-fused" : "conv2d.wasm-gemm",
    way: "direct",
    sumOrder: gemmSumOrder(fused),
    accepts: (_, { relaxedSimd }) => !fused || relaxedSimd || "this engine has no fused multiply-add",
    layouts: sourceLayouts,
    overwrites: residualInPlace,
    borders: (p) => ({ wanted: wantedBorder(p), reads: true, writes: true }),
    constants: (p, capabilities) => {
      const g = conv2dGeometry(p, capabilities);
      return [packedWeights(p, g), ...(g.flat ? [] : [pixelOffsets(p, g)])];
    },
    scratch: (p, capabilities) => {
      const { source } = conv2dGeometry(p, capabilities);
      return source.copied ? [source.height * source.width * p.channels] : [];
    },
    stages: (p, _, capabilities) => {
      const g = conv2dGeometry(p, capabilities);
      return [...(g.source.copied ? [padStage(p, g)] : []), gemmStage(p, g, fused)];
    },
  };
}

/** They differ in rounding: a fused multiply-add rounds once. */
export const conv2dWasmGemmFused: WasmVariant<Conv2dProblem> = gemm(true);
export const conv2dWasmGemm: WasmVariant<Conv2dProblem> = gemm(false);

/** Arguments that a problem does not need are bound to something that it has, and not read. */
function gemmStage(p: Conv2dProblem, g: Conv2dGeometry, fused: boolean): WasmStage {
  return {
    name: "conv2d.gemm",
    pieces: (repeats) => repeats * g.blocks * g.chunks,
    arguments: [
      g.source.copied ? scratch(0) : input(0),
      constant(0),
      g.flat ? constant(0) : constant(1),
      p.residual ? input(residualIndex(p)) : output,
      output,
      repeat,
    ],
    emit: (f) => emitPieces({ f, p, g, multiplyAdd: multiplyAdd(fused) }),
  };
}

interface Context {
  readonly f: FunctionBuilder;
  readonly p: Conv2dProblem;
  readonly g: Conv2dGeometry;
  readonly multiplyAdd: MultiplyAdd;
}

/** Byte addresses and counts that the loops move on. */
interface Cursors {
  /** The image's numbers, from the first channel of the group at hand. */
  readonly x: Local<"i32">;
  /** The panel at hand. */
  readonly weights: Local<"i32">;
  /** The block's first pixel (the image's, where it lies in a border), at the first channel of the panel at hand. */
  readonly y: Local<"i32">;
  /** From an address of y to that of the residual; from the image's first pixel's where y lies in a border. */
  readonly toResidual: Local<"i32">;
  /** Where y lies in a border: the number of the block's first pixel in its image. */
  readonly number: Local<"i32"> | undefined;
  /** The block's first pixel: where flat its offset from x, else the address of that offset in the table. */
  readonly pixel: Local<"i32">;
  readonly tiles: RowBlock["tiles"];
}

type I32 = Local<"i32">;
type Parameters = [x: I32, weights: I32, offsets: I32, residual: I32, y: I32, repeats: I32, begin: I32, end: I32];

/** x (repeat, H, W, C), in its border, or its padded copy → y (repeat, OH, OW, O), in its border. Piece: (chunk · repeats + image) · blocks + block. */
function emitPieces(context: Context): void {
  const { f, p, g } = context;
  const [x, weights, offsets, residual, y, repeats, begin, end] = f.i32Parameters() as Parameters;
  const yExtent = outputExtent(p);
  const [yBytes, residualBytes] = [yExtent.height * yExtent.width, p.outHeight * p.outWidth].map(
    (pixels) => pixels * p.outChannels * 4,
  ) as [number, number];
  const bordered = p.borders?.output !== undefined;
  const between = f.let(i32.sub(residual, y));
  forRange(f, { from: begin, to: end }, (piece) => {
    const [rest, block] = divide(f, piece, g.blocks);
    const chunk = g.chunks === 1 ? undefined : f.let(i32.divU(rest, repeats));
    const image = chunk ? f.let(i32.sub(rest, i32.mul(chunk, repeats))) : rest;
    const xImage = f.let(i32.add(x, i32.mul(image, g.source.height * g.source.width * p.channels * 4)));
    const yImage = f.let(i32.add(y, i32.mul(image, yBytes)));
    const toResidual = bordered ? f.let(i32.sub(between, i32.mul(image, yBytes - residualBytes))) : between;
    const { tiles, firstRow: firstPixel } = emitRowBlock(f, g.tiles, g.tilesPerBlock, block);
    const pixel = f.let(i32.add(g.flat ? 0 : offsets, i32.mul(firstPixel, pixelStep(context))));
    if (!bordered) increment(f, yImage, i32.mul(firstPixel, p.outChannels * 4));
    const number = bordered ? firstPixel : undefined;
    emitChunk(context, { x: xImage, weights: f.let(weights), y: yImage, toResidual, number, pixel, tiles }, chunk);
  });
}

/** Bytes from a pixel to the next: in x itself, or in the table of offsets. */
function pixelStep({ p, g }: Context): number {
  return g.flat ? p.channels * 4 : 4;
}

/** The output channels of one chunk, or of all, for one block of pixels. */
function emitChunk(context: Context, at: Cursors, chunk: I32 | undefined): void {
  const { f, p, g } = context;
  const { count, full, tail } = g.panels;
  const first = chunk && f.let(i32.mul(chunk, g.unitsPerChunk));
  if (first) {
    const columns = p.groups > 1 ? p.outChannels / p.groups : full.width;
    increment(f, at.weights, i32.mul(first, unitBytes(p, g)));
    increment(f, at.y, i32.mul(first, columns * 4));
  }
  if (p.groups > 1) {
    if (first) increment(f, at.x, i32.mul(first, g.groupChannels * 4));
    repeatTimes(f, unitsFrom(context, first, p.groups), () => {
      repeatTimes(f, count, () => emitPanel(context, at, full));
      if (tail) emitPanel(context, at, tail);
      increment(f, at.x, g.groupChannels * 4);
    });
    return;
  }
  repeatTimes(f, unitsFrom(context, first, count), () => emitPanel(context, at, full));
  if (!tail) return;
  const last = first && i32.leS(g.chunks - 1, i32.divU(first, g.unitsPerChunk));
  if (last) f.if(last, () => emitPanel(context, at, tail));
  else emitPanel(context, at, tail);
}

/** How many of `total` units a chunk has that begins with unit `first`. */
function unitsFrom({ f, g }: Context, first: I32 | undefined, total: number): I32 | number {
  if (!first) return total;
  const left = f.let(i32.sub(total, first));
  return f.let(i32.minS(left, g.unitsPerChunk));
}

/** One panel of output channels for one block of pixels. */
function emitPanel(context: Context, at: Cursors, panel: Panel): void {
  const { f, p } = context;
  f.scope(() => {
    const pixel = f.let(at.pixel);
    const y = at.number ? at.y : f.let(at.y);
    const number = at.number && f.let(at.number);
    for (const { rows, count } of at.tiles)
      repeatTimes(f, count, () => {
        emitTile(context, { ...at, pixel, y, number }, panel, rows);
        increment(f, pixel, rows * pixelStep(context));
        if (number) increment(f, number, rows);
        else increment(f, y, rows * p.outChannels * 4);
      });
  });
  increment(f, at.weights, panelElements(panel, conv2dDepth(p)) * 4);
  increment(f, at.y, panel.columns * 4);
}

/** y[row][column] = relu(bias[column] + Σ x[row][k] · weights[k][column] + residual[row][column]) */
function emitTile({ f, p, g, multiplyAdd }: Context, at: Cursors, panel: Panel, rows: number): void {
  const sums = emitGemmTile(f, {
    rows,
    columns: panel.columns,
    depth: g.depth,
    a: g.flat
      ? { first: f.let(i32.add(at.x, at.pixel)), pitch: p.channels * 4 }
      : { rows: Array.from({ length: rows }, (_, r) => f.let(i32.add(at.x, i32.load(at.pixel, 4 * r)))) },
    b: { first: f.let(i32.add(at.weights, panel.width * 4)), pitch: panel.width * 4, padded: true },
    start: (quad) => v128.load(at.weights, 16 * quad),
    multiplyAdd,
  });
  const ofTile = at.number ? undefined : { y: at.y, residual: f.let(i32.add(at.y, at.toResidual)) };
  sums.forEach((sumsOfRow, r) => {
    const at0 = ofTile ? r * p.outChannels * 4 : 0;
    const lanes = (quad: number) => Math.min(4, panel.columns - 4 * quad);
    f.scope(() => {
      const { y, residual } = ofTile ?? placesInBorder({ f, p }, at, r);
      // All loads before all stores, and of two neighbouring vectors the higher stored first: so V8 packs the two into one.
      const added = sumsOfRow.map((sum, q) =>
        p.residual ? f.let(f32x4.add(sum, loadLanes(residual, lanes(q), at0 + 16 * q))) : sum,
      );
      // pmax(x, 0) is x < 0 ? 0 : x, so NaN stays.
      for (let q = added.length - 1; q >= 0; q--)
        storeLanes(f, y, p.relu ? f32x4.pmax(added[q]!, v128.zero) : added[q]!, lanes(q), at0 + 16 * q);
    });
  });
}

/** The output's and the residual's addresses of pixel `row` of the tile at hand, where y lies in a border. */
function placesInBorder({ f, p }: Pick<Context, "f" | "p">, at: Cursors, row: number): { y: I32; residual: I32 } {
  const { width, origin } = outputExtent(p);
  const pixel = f.let(i32.add(at.number!, row));
  const line = i32.divU(pixel, p.outWidth);
  const place = i32.add(pixel, i32.add(i32.mul(line, width - p.outWidth), origin));
  const y = f.let(i32.add(at.y, i32.mul(place, p.outChannels * 4)));
  if (!p.residual) return { y, residual: y };
  return { y, residual: f.let(i32.add(i32.add(at.y, at.toResidual), i32.mul(pixel, p.outChannels * 4))) };
}
