/**
 * conv2d in WebAssembly for any shape: an implicit GEMM over NHWC. A tile is up to 6 output pixels by 8 output channels, whose sums stay
 * in registers over the whole window: nothing is unrolled in memory (no im2col) but a copy with a zero border where there is padding.
 * Loops, outermost first: image, block of tiles, group, panel of 8 output channels, tile, then the window (ky, kx, c). Each weight is
 * read once a block; the weights lie in the order in which they are read.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { Local } from "../../asm/value.ts";
import { constant, input, output, repeat, scratch } from "../argument.ts";
import type { WasmStage, WasmVariant } from "../op.ts";
import { emitGemmTile, type MultiplyAdd, multiplyAdd } from "../wasm/gemm-tile.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { fullPanel, type Panel, panelElements } from "../wasm/panels.ts";
import { type Conv2dProblem, conv2dDepth, residualIndex } from "./conv2d.problem.ts";
import { type Conv2dGeometry, conv2dGeometry, packedWeights, pixelOffsets } from "./conv2d.wasm-geometry.ts";
import { padStage } from "./conv2d.wasm-pad.ts";

function general(fused: boolean): WasmVariant<Conv2dProblem> {
  return {
    id: fused ? "conv2d.wasm-general-fused" : "conv2d.wasm-general",
    sumOrder: fused ? "bias, ky, kx, c; fused" : "bias, ky, kx, c",
    accepts: (_, { relaxedSimd }) => !fused || relaxedSimd || "this engine has no fused multiply-add",
    layouts: (p) => ({ inputs: p.residual ? ["nhwc", "nhwc"] : ["nhwc"], output: "nhwc" }),
    constants: (p) => {
      const g = conv2dGeometry(p);
      return [packedWeights(p, g), ...(g.flat ? [] : [pixelOffsets(p, g)])];
    },
    scratch: (p) => {
      const { source } = conv2dGeometry(p);
      return source.copied ? [source.height * source.width * p.channels] : [];
    },
    stages: (p) => {
      const g = conv2dGeometry(p);
      return [...(g.source.copied ? [padStage(p, g)] : []), gemmStage(p, g, fused)];
    },
  };
}

/** In order of preference. They differ in rounding: a fused multiply-add rounds once. */
export const conv2dWasmGeneral: readonly WasmVariant<Conv2dProblem>[] = [general(true), general(false)];

/** Arguments that a problem does not need are bound to something that it has, and not read. */
function gemmStage(p: Conv2dProblem, g: Conv2dGeometry, fused: boolean): WasmStage {
  return {
    name: "conv2d.gemm",
    arguments: [
      g.source.copied ? scratch(0) : input(0),
      constant(0),
      g.flat ? constant(0) : constant(1),
      p.residual ? input(residualIndex(p)) : output,
      output,
      repeat,
    ],
    emit: (f) => emitImages({ f, p, g, multiplyAdd: multiplyAdd(fused) }),
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
  /** The block's first pixel, at the first channel of the panel at hand. */
  readonly y: Local<"i32">;
  /** From an address of y to that of the residual. */
  readonly toResidual: Local<"i32">;
  /** The block's first pixel: where flat its offset from x, else the address of that offset in the table. */
  readonly pixel: Local<"i32">;
  /** The block's tiles: some of `rows` pixels, then some of a pixel less. */
  readonly tiles: readonly { readonly rows: number; readonly count: Local<"i32"> }[];
}

/** x (repeat, H, W, C) or its padded copy → y (repeat, OH, OW, O) */
function emitImages(context: Context): void {
  const { f, p, g } = context;
  const [x, weights, offsets, residual, y, repeats] = f.i32Parameters() as I32Tuple;
  const sourceBytes = g.source.height * g.source.width * p.channels * 4;
  const outBytes = p.outHeight * p.outWidth * p.outChannels * 4;
  const toResidual = f.let(i32.sub(residual, y));
  repeatTimes(f, repeats, () => {
    const pixel = f.let(g.flat ? i32.const(0) : offsets);
    const yBlock = f.let(y);
    const larger = f.let(i32.const(g.tiles.count));
    const smaller = f.let(i32.const(g.tiles.smaller));
    const { rows } = g.tiles;
    repeatTimes(f, Math.ceil((g.tiles.count + g.tiles.smaller) / g.tilesPerBlock), () => {
      const largerHere = f.let(i32.minS(larger, g.tilesPerBlock));
      const rest = f.let(i32.sub(g.tilesPerBlock, largerHere));
      const smallerHere = f.let(i32.minS(smaller, rest));
      f.set(larger, i32.sub(larger, largerHere));
      f.set(smaller, i32.sub(smaller, smallerHere));
      const tiles = [{ rows, count: largerHere }];
      if (g.tiles.smaller > 0) tiles.push({ rows: rows - 1, count: smallerHere });
      emitPanels(context, { x: f.let(x), weights: f.let(weights), y: f.let(yBlock), toResidual, pixel, tiles });
      const pixels = f.let(i32.add(i32.mul(largerHere, rows), i32.mul(smallerHere, rows - 1)));
      increment(f, pixel, i32.mul(pixels, pixelStep(context)));
      increment(f, yBlock, i32.mul(pixels, p.outChannels * 4));
    });
    increment(f, x, sourceBytes);
    increment(f, y, outBytes);
  });
}

type I32Tuple = [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];

/** Bytes from a pixel to the next: in x itself, or in the table of offsets. */
function pixelStep({ p, g }: Context): number {
  return g.flat ? p.channels * 4 : 4;
}

/** All output channels of one block of pixels. */
function emitPanels(context: Context, at: Cursors): void {
  const { f, p, g } = context;
  repeatTimes(f, p.groups, () => {
    repeatTimes(f, g.panels.full, () => emitPanel(context, at, fullPanel));
    if (g.panels.tail) emitPanel(context, at, g.panels.tail);
    increment(f, at.x, g.groupChannels * 4);
  });
}

/** One panel of output channels for one block of pixels. */
function emitPanel(context: Context, at: Cursors, panel: Panel): void {
  const { f, p } = context;
  f.scope(() => {
    const pixel = f.let(at.pixel);
    const y = f.let(at.y);
    for (const { rows, count } of at.tiles)
      repeatTimes(f, count, () => {
        emitTile(context, { ...at, pixel, y }, panel, rows);
        increment(f, pixel, rows * pixelStep(context));
        increment(f, y, rows * p.outChannels * 4);
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
  const residual = f.let(i32.add(at.y, at.toResidual));
  sums.forEach((sumsOfRow, r) => {
    sumsOfRow.forEach((sum, quad) => {
      const lanes = Math.min(4, panel.columns - 4 * quad);
      const offset = r * p.outChannels * 4 + 16 * quad;
      const joined = p.residual ? f32x4.add(sum, loadLanes(residual, lanes, offset)) : sum;
      // pmax(x, 0) is x < 0 ? 0 : x, so NaN stays.
      storeLanes(f, at.y, p.relu ? f32x4.pmax(joined, v128.zero) : joined, lanes, offset);
    });
  });
}
