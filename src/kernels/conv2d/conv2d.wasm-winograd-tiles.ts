/**
 * A tile's way into and out of Winograd's matrix products: Bᵀ d B of its inputs, channels in vectors, and Aᵀ m A of its sums with bias,
 * residual and ReLU. Each goes along columns first, whose results lie in a small memory of the thread's own, then along rows. Vectors of
 * 256 bits are pairs of 128 bits whose instructions stand side by side, the higher stored first: V8 makes one of the two.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32, select } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { I32 as I32Value, Local, V128 } from "../../asm/value.ts";
import type { MultiplyAdd } from "../wasm/gemm-tile.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";
import { outputExtent } from "./conv2d.wasm-geometry.ts";
import { type WinogradGeometry, zeroElements } from "./conv2d.wasm-winograd-geometry.ts";
import { inputTransform, type NumberOf, outputTransform, transformNumbers } from "./conv2d.wasm-winograd-transform.ts";

type I32 = Local<"i32">;

export interface WinogradContext {
  readonly f: FunctionBuilder;
  readonly p: Conv2dProblem;
  readonly g: WinogradGeometry;
  readonly multiplyAdd: MultiplyAdd;
}

/** Numbers of the memory between the two directions of a transform. */
export function betweenElements({ planes, lanes }: WinogradGeometry): number {
  return planes * lanes;
}

/** The transforms' numbers, by half of a vector, from the table behind the zeros (see transformTable). */
function numberOf({ g, p }: WinogradContext, table: I32, half: number): NumberOf {
  const numbers = transformNumbers(g.winograd);
  return (x) => v128.load(table, 4 * zeroElements(p, g.winograd) + 32 * numbers.indexOf(x) + 16 * half);
}

/** Index of a tile in its image, by row and column of tiles. */
function placeOf({ f, g }: WinogradContext, tile: I32): readonly [row: I32, column: I32] {
  const row = f.let(i32.divU(tile, g.tilesAcross));
  return [row, f.let(i32.sub(tile, i32.mul(row, g.tilesAcross)))];
}

/** Each half of a vector by `value`; then, if told, stored at address + offset. */
function storeHalves(f: FunctionBuilder, halves: readonly V128[], address: I32, offset: number): void {
  for (let h = halves.length - 1; h >= 0; h--) f.store(address, halves[h]!, offset + 16 * h);
}

/** All computed before the first is stored: a load cannot pass a store, and so what reads the numbers would not be packed. */
function keep(f: FunctionBuilder, halves: readonly (readonly V128[])[]): Local<"v128">[][] {
  return halves.map((half) => half.map((value) => f.let(value)));
}

/** `count` vectors, `step` bytes apart, as [half][index]. */
function loadHalves(f: FunctionBuilder, lanes: 4 | 8, at: (i: number) => readonly [I32, number], count: number) {
  const halves: Local<"v128">[][] = Array.from({ length: lanes / 4 }, () => []);
  for (let i = 0; i < count; i++) {
    const [address, offset] = at(i);
    halves.forEach((half, h) => {
      half.push(f.let(v128.load(address, offset + 16 * h)));
    });
  }
  return halves;
}

export interface InputTile {
  /** The image: (H, W, C). */
  readonly x: I32;
  /** See transformTable: zeros, of a tile's columns, come first. */
  readonly table: I32;
  readonly between: I32;
  /** The tile's place in plane 0 of the transformed input: C numbers. */
  readonly v: I32;
  /** Index of the tile in its image. */
  readonly tile: I32;
}

/** v[plane][c] = Bᵀ d B, d the tile's inputs, which are 0 outside of the image. */
export function emitInputTile(context: WinogradContext, at: InputTile): void {
  const { f, p, g, multiplyAdd } = context;
  const { inputs, outputs } = g.winograd;
  const ways = [0, 1].map((half) => ({ madd: multiplyAdd, number: numberOf(context, at.table, half) }));
  const [tileRow, tileColumn] = placeOf(context, at.tile);
  const pixel = 4 * p.channels;
  const firstRow = f.let(i32.sub(i32.mul(tileRow, outputs), p.padding[0]));
  const firstColumn = f.let(i32.sub(i32.mul(tileColumn, outputs), p.padding[1]));
  // Rows are addressed from the first column that no padding precedes: an address before the image would not be one.
  const origin = p.padding[1];
  const start = i32.add(i32.mul(firstRow, p.width), i32.mul(tileColumn, outputs));
  const corner = f.let(i32.add(at.x, i32.mul(start, pixel)));
  const zeros = f.let(i32.add(at.table, origin * pixel));
  const leaves = (i: number, axis: 0 | 1) => {
    const [tiles, size] = axis === 0 ? [g.tilesDown, p.height] : [g.tilesAcross, p.width];
    return i < p.padding[axis] || (tiles - 1) * outputs - p.padding[axis] + i >= size;
  };
  const rows = Array.from({ length: inputs }, (_, i) => {
    const address = f.let(i32.add(corner, i * p.width * pixel));
    if (leaves(i, 0)) f.set(address, select(address, zeros, i32.ltU(i32.add(firstRow, i), p.height)));
    return address;
  });
  const inside = Array.from({ length: inputs }, (_, j) =>
    leaves(j, 1) ? f.let(i32.ltU(i32.add(firstColumn, j), p.width)) : undefined,
  );
  const bytes = 4 * g.lanes;
  const v = f.let(at.v);
  const column = (j: number) => {
    const here = j < origin ? rows.map((row) => f.let(i32.add(row, (j - origin) * pixel))) : rows;
    const halves = loadHalves(f, g.lanes, (i) => [here[i]!, Math.max(0, j - origin) * pixel], inputs);
    const results = keep(
      f,
      halves.map((half, h) => inputTransform(g.winograd, f, half, ways[h]!)),
    );
    for (let i = 0; i < inputs; i++)
      storeHalves(
        f,
        results.map((half) => half[i]!),
        at.between,
        (i * inputs + j) * bytes,
      );
  };
  const zeroColumn = (j: number) => {
    const zeros = new Array<V128>(g.lanes / 4).fill(v128.zero);
    for (let i = 0; i < inputs; i++) storeHalves(f, zeros, at.between, (i * inputs + j) * bytes);
  };
  repeatTimes(f, p.channels / g.lanes, () => {
    inside.forEach((condition, j) => {
      if (!condition) f.scope(() => column(j));
      else
        f.if(
          condition,
          () => column(j),
          () => zeroColumn(j),
        );
    });
    for (let i = 0; i < inputs; i++)
      f.scope(() => {
        const halves = loadHalves(f, g.lanes, (j) => [at.between, (i * inputs + j) * bytes], inputs);
        const results = keep(
          f,
          halves.map((half, h) => inputTransform(g.winograd, f, half, ways[h]!)),
        );
        for (let j = 0; j < inputs; j++)
          storeHalves(
            f,
            results.map((half) => half[j]!),
            v,
            4 * g.inputPlane * (i * inputs + j),
          );
      });
    increment(f, v, bytes);
    for (const row of rows) increment(f, row, bytes);
  });
}

export interface OutputTile {
  /** The tile's place in plane 0 of the sums: a panel's columns. */
  readonly sums: I32;
  readonly between: I32;
  /** See transformTable. */
  readonly table: I32;
  /** The panel's biases. */
  readonly bias: I32;
  /** The image: (OH, OW, O), at the panel's first channel; its rows may lie in a border. */
  readonly y: I32;
  /** From there to the residual's image. */
  readonly toResidual: I32;
  readonly tile: I32;
}

/** y[row][column] = relu(Aᵀ m A + bias + residual), `width` channels, as far as the tile lies in the image. */
export function emitOutputTile(context: WinogradContext, at: OutputTile, width: number): void {
  const { f, p, g, multiplyAdd } = context;
  const { inputs, outputs } = g.winograd;
  const ways = [0, 1].map((half) => ({ madd: multiplyAdd, number: numberOf(context, at.table, half) }));
  const [tileRow, tileColumn] = placeOf(context, at.tile);
  const pixel = 4 * p.outChannels;
  const { width: pitch } = outputExtent(p);
  const cornerOf = (image: I32Value, columns: number) =>
    f.let(i32.add(i32.mul(i32.add(i32.mul(tileRow, columns), tileColumn), outputs * pixel), image));
  const corner = cornerOf(at.y, pitch);
  const residual = p.residual ? cornerOf(i32.add(at.y, at.toResidual), p.outWidth) : corner;
  const [rowsOfLast, columnsOfLast] = [p.outHeight % outputs, p.outWidth % outputs];
  const wholeRow = rowsOfLast > 0 ? f.let(i32.ne(tileRow, g.tilesDown - 1)) : undefined;
  const bytes = 4 * g.lanes;

  const sums = f.let(at.sums);
  const bias = f.let(at.bias);
  const outputRow = (i: number, columns: number) => {
    const halves = loadHalves(f, g.lanes, (j) => [at.between, (i * inputs + j) * bytes], inputs);
    const biases = halves.map((_, h) => f.let(v128.load(bias, 16 * h)));
    const results = halves.map((half, h) => outputTransform(g.winograd, f, half, ways[h]!));
    const offset = (j: number, width: number) => (i * width + j) * pixel;
    const joined = keep(
      f,
      results.map((half, h) =>
        half.slice(0, columns).map((value, j) => {
          const biased = f32x4.add(value, biases[h]!);
          return p.residual ? f32x4.add(biased, v128.load(residual, offset(j, p.outWidth) + 16 * h)) : biased;
        }),
      ),
    );
    // pmax(x, 0) is x < 0 ? 0 : x, so NaN stays.
    for (let j = 0; j < columns; j++)
      storeHalves(
        f,
        joined.map((half) => (p.relu ? f32x4.pmax(half[j]!, v128.zero) : half[j]!)),
        corner,
        offset(j, pitch),
      );
  };
  const outputRows = (columns: number) => {
    for (let i = 0; i < outputs; i++)
      if (wholeRow && i >= rowsOfLast) f.if(wholeRow, () => outputRow(i, columns));
      else f.scope(() => outputRow(i, columns));
  };
  // A loop, even of two turns: of two stores to one address in one block V8 would pack the second only.
  repeatTimes(f, width / g.lanes, () => {
    for (let j = 0; j < inputs; j++)
      f.scope(() => {
        const halves = loadHalves(f, g.lanes, (i) => [sums, 4 * g.sumPlane * (i * inputs + j)], inputs);
        const results = keep(
          f,
          halves.map((half, h) => outputTransform(g.winograd, f, half, ways[h]!)),
        );
        for (let i = 0; i < outputs; i++)
          storeHalves(
            f,
            results.map((half) => half[i]!),
            at.between,
            (i * inputs + j) * bytes,
          );
      });
    if (columnsOfLast === 0) outputRows(outputs);
    else
      f.if(
        i32.eq(tileColumn, g.tilesAcross - 1),
        () => outputRows(columnsOfLast),
        () => outputRows(outputs),
      );
    for (const address of new Set([sums, bias, corner, residual])) increment(f, address, bytes);
  });
}
