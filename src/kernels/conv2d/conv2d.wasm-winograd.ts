/**
 * conv2d in WebAssembly by Winograd's minimal filtering (conv2d.winograd.ts), for 3×3 windows of stride 1: 2.25 (F(2)) or 4 times (F(4))
 * fewer products than the definition, for weights that take 1.8 or 4 times the memory. The products are s² matrices, multiplied by the
 * same tile as gemm's; what they give is transformed back, with bias, residual and ReLU, while it is in the nearest cache.
 * When it is taken: conv2d.wasm-rule.ts.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import type { Local } from "../../asm/value.ts";
import { constant, input, local, output, repeat, scratch } from "../argument.ts";
import type { WasmStage, WasmVariant } from "../op.ts";
import { emitGemmTile, multiplyAdd } from "../wasm/gemm-tile.ts";
import type { Panel } from "../wasm/panels.ts";
import { divide, emitRowBlock, type RowBlock } from "../wasm/row-tiles.ts";
import { type Conv2dProblem, residualIndex, residualInPlace } from "./conv2d.problem.ts";
import { outputExtent } from "./conv2d.wasm-geometry.ts";
import { conv2dWay, winogradObstacle } from "./conv2d.wasm-rule.ts";
import {
  transformedWeights,
  transformTable,
  type WinogradGeometry,
  winogradGeometry,
  winogradPanelElements,
} from "./conv2d.wasm-winograd-geometry.ts";
import { betweenElements, emitInputTile, emitOutputTile, type WinogradContext } from "./conv2d.wasm-winograd-tiles.ts";
import { type Winograd, winograd2, winograd4 } from "./conv2d.winograd.ts";

type I32 = Local<"i32">;

function variant(winograd: Winograd, fused: boolean): WasmVariant<Conv2dProblem> {
  const m = winograd.outputs;
  return {
    id: `conv2d.wasm-winograd-${m}x${m}${fused ? "-fused" : ""}`,
    sumOrder: `winograd ${m}x${m}, c${fused ? "; fused" : ""}`,
    accepts: (p, { relaxedSimd }) => {
      if (fused && !relaxedSimd) return "this engine has no fused multiply-add";
      return winogradObstacle(p) ?? true;
    },
    suits: (p, optimizeFor) => {
      const { way, because } = conv2dWay(p, optimizeFor);
      return { take: way === `winograd-${m}x${m}`, because };
    },
    layouts: (p) => ({ inputs: p.residual ? ["nhwc", "nhwc"] : ["nhwc"], output: "nhwc" }),
    overwrites: residualInPlace,
    borders: () => ({ reads: false, writes: true }),
    constants: (p, capabilities) => [
      transformedWeights(p, winogradGeometry(p, winograd, capabilities)),
      transformTable(p, winograd),
    ],
    scratch: (p, capabilities) => {
      const g = winogradGeometry(p, winograd, capabilities);
      return g.joined ? [] : [g.planes * g.inputPlane];
    },
    stages: (p, _, capabilities) => {
      const g = winogradGeometry(p, winograd, capabilities);
      const context = (f: FunctionBuilder) => ({ f, p, g, multiplyAdd: multiplyAdd(fused) });
      return g.joined ? [joinedStage(p, g, context)] : [transformStage(p, g, context), multiplyStage(p, g, context)];
    },
  };
}

const variants = (fused: boolean) => [variant(winograd4, fused), variant(winograd2, fused)];
export const conv2dWasmWinogradFused: readonly WasmVariant<Conv2dProblem>[] = variants(true);
export const conv2dWasmWinograd: readonly WasmVariant<Conv2dProblem>[] = variants(false);

type ContextOf = (f: FunctionBuilder) => WinogradContext;

/** x (repeat, H, W, C) → scratch (repeat, plane, tile, C). A piece: a row of tiles. */
function transformStage(p: Conv2dProblem, g: WinogradGeometry, contextOf: ContextOf): WasmStage {
  return {
    name: "conv2d.winograd-input",
    pieces: (repeats) => repeats * g.tilesDown,
    local: betweenElements(g),
    arguments: [input(0), constant(1), local, scratch(0)],
    emit: (f) => {
      const [x, table, between, v, begin, end] = f.i32Parameters() as [I32, I32, I32, I32, I32, I32];
      forRange(f, { from: begin, to: end }, (piece) => {
        const [image, row] = divide(f, piece, g.tilesDown);
        const first = f.let(row ? i32.mul(row, g.tilesAcross) : i32.const(0));
        const last = f.let(i32.add(first, g.tilesAcross));
        const place = f.let(i32.add(v, i32.mul(image, 4 * g.planes * g.inputPlane)));
        increment(f, place, i32.mul(first, 4 * p.channels));
        emitInputTiles(contextOf(f), { x, table, between, v: place, image, first, last });
      });
    },
  };
}

/** scratch (repeat, plane, tile, C) → y (repeat, OH, OW, O). A piece: a panel of output channels of one image; neighbours share it. */
function multiplyStage(p: Conv2dProblem, g: WinogradGeometry, contextOf: ContextOf): WasmStage {
  const panels = g.panels.count + (g.panels.tail ? 1 : 0);
  return {
    name: "conv2d.winograd-multiply",
    pieces: (repeats) => repeats * panels,
    local: betweenElements(g) + g.planes * g.sumPlane,
    arguments: [
      scratch(0),
      constant(1),
      constant(0),
      p.residual ? input(residualIndex(p)) : output,
      output,
      local,
      repeat,
    ],
    emit: (f) => {
      const [v, table, weights, residual, y, between, repeats, begin, end] = f.i32Parameters() as Nine;
      const context = contextOf(f);
      const sums = f.let(i32.add(between, 4 * betweenElements(g)));
      forRange(f, { from: begin, to: end }, (piece) => {
        const number = f.let(i32.divU(piece, repeats));
        const image = f.let(i32.sub(piece, i32.mul(number, repeats)));
        const at = {
          ...{ table, between, sums, ...outputImage(context, { y, residual, image }) },
          v: f.let(i32.add(v, i32.mul(image, 4 * g.planes * g.inputPlane))),
          weights: f.let(i32.add(weights, i32.mul(number, 4 * panelOf(context, g.panels.full)))),
          block: emitRowBlock(f, g.rowTiles, g.rowTilesPerBlock, undefined),
        };
        increment(f, at.y, i32.mul(number, 4 * g.panels.full.width));
        const { tail } = g.panels;
        if (!tail) emitPanel(context, at, g.panels.full);
        else
          f.if(
            i32.eq(number, g.panels.count),
            () => emitPanel(context, at, tail),
            () => emitPanel(context, at, g.panels.full),
          );
      });
    },
  };
}

type Nine = [I32, I32, I32, I32, I32, I32, I32, I32, I32];
type Eight = [I32, I32, I32, I32, I32, I32, I32, I32];

/** x (repeat, H, W, C) → y (repeat, OH, OW, O). A piece: a block of tiles, from its transform to its outputs. */
function joinedStage(p: Conv2dProblem, g: WinogradGeometry, contextOf: ContextOf): WasmStage {
  return {
    name: "conv2d.winograd",
    pieces: (repeats) => repeats * g.blocks,
    local: betweenElements(g) + g.planes * (g.sumPlane + g.inputPlane),
    arguments: [input(0), constant(1), constant(0), p.residual ? input(residualIndex(p)) : output, output, local],
    emit: (f) => {
      const [x, table, weights, residual, y, between, begin, end] = f.i32Parameters() as Eight;
      const context = contextOf(f);
      const sums = f.let(i32.add(between, 4 * betweenElements(g)));
      const v = f.let(i32.add(sums, 4 * g.planes * g.sumPlane));
      forRange(f, { from: begin, to: end }, (piece) => {
        const [image, number] = divide(f, piece, g.blocks);
        const block = emitRowBlock(f, g.rowTiles, g.rowTilesPerBlock, number);
        const last = f.let(lastTile(block));
        emitInputTiles(context, { x, table, between, v, image, first: block.firstRow, last });
        const places = outputImage(context, { y, residual, image });
        const at = { table, between, sums, v, weights: f.let(weights), ...places, block };
        const { count, full, tail } = g.panels;
        repeatTimes(f, count, () => {
          emitPanel(context, at, full);
          increment(f, at.weights, 4 * panelOf(context, full));
          increment(f, at.y, 4 * full.width);
        });
        if (tail) f.scope(() => emitPanel(context, at, tail));
      });
    },
  };
}

function panelOf({ p, g }: WinogradContext, panel: Panel): number {
  return winogradPanelElements(panel, g.planes, p.channels);
}

/** The tile behind the block's last. */
function lastTile({ firstRow, tiles }: RowBlock) {
  return tiles.reduce((sum, { rows, count }) => i32.add(sum, i32.mul(count, rows)), i32.add(firstRow, 0));
}

interface InputTiles {
  readonly x: I32;
  readonly table: I32;
  readonly between: I32;
  /** Of tile `first`, in plane 0. */
  readonly v: I32;
  readonly image: I32;
  readonly first: I32;
  readonly last: I32;
}

function emitInputTiles(context: WinogradContext, at: InputTiles): void {
  const { f, p } = context;
  const x = f.let(i32.add(at.x, i32.mul(at.image, 4 * p.height * p.width * p.channels)));
  const v = f.let(at.v);
  forRange(f, { from: at.first, to: at.last }, (tile) => {
    emitInputTile(context, { x, table: at.table, between: at.between, v, tile });
    increment(f, v, 4 * p.channels);
  });
}

/** An image's first pixel in y, which may lie in a border, and the way from there to the residual's. */
function outputImage({ f, p }: WinogradContext, at: { readonly y: I32; readonly residual: I32; readonly image: I32 }) {
  const { height, width, origin } = outputExtent(p);
  const pixel = 4 * p.outChannels;
  const y = f.let(i32.add(i32.add(at.y, i32.mul(at.image, height * width * pixel)), origin * pixel));
  const residual = i32.add(at.residual, i32.mul(at.image, p.outHeight * p.outWidth * pixel));
  return { y, toResidual: f.let(i32.sub(residual, y)) };
}

interface PanelCursors {
  readonly table: I32;
  readonly between: I32;
  readonly sums: I32;
  readonly toResidual: I32;
  /** The block's first tile in plane 0. */
  readonly v: I32;
  /** The panel. */
  readonly weights: I32;
  /** The image, at the panel's first channel. */
  readonly y: I32;
  readonly block: RowBlock;
}

/** All planes of a panel for a block of tiles, sums[plane][tile][column] = Σ v[plane][tile][c] · weights[plane][c][column], and back. */
function emitPanel(context: WinogradContext, at: PanelCursors, panel: Panel): void {
  const { f, p, g, multiplyAdd } = context;
  const [vRow, weightRow, sumRow] = [4 * p.channels, 4 * panel.width, 4 * panel.width];
  f.scope(() => {
    const v = f.let(at.v);
    const weights = f.let(i32.add(at.weights, weightRow));
    const sums = f.let(at.sums);
    repeatTimes(f, g.planes, () => {
      const vTile = f.let(v);
      const sumTile = f.let(sums);
      for (const { rows, count } of at.block.tiles)
        repeatTimes(f, count, () => {
          const results = emitGemmTile(f, {
            ...{ rows, columns: panel.columns, multiplyAdd, start: () => v128.zero },
            depth: { run: p.channels, loops: [] },
            a: { first: f.let(vTile), pitch: vRow },
            b: { first: f.let(weights), pitch: weightRow, padded: true },
          });
          // The high half of a pair first: so V8 packs the two.
          for (const [r, row] of results.entries())
            for (let q = row.length - 1; q >= 0; q--) f.store(sumTile, row[q]!, r * sumRow + 16 * q);
          increment(f, vTile, rows * vRow);
          increment(f, sumTile, rows * sumRow);
        });
      increment(f, v, 4 * g.inputPlane);
      increment(f, sums, 4 * g.sumPlane);
      increment(f, weights, p.channels * weightRow);
    });
  });
  f.scope(() => {
    const sums = f.let(at.sums);
    forRange(f, { from: at.block.firstRow, to: f.let(lastTile(at.block)) }, (tile) => {
      const { table, between, y, toResidual } = at;
      emitOutputTile(context, { sums, table, between, bias: at.weights, y, toResidual, tile }, panel.width);
      increment(f, sums, sumRow);
    });
  });
}
