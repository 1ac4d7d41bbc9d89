/**
 * The micro-kernel of everything that multiplies matrices: a tile of up to 6 rows by 8 columns (16 in vectors of 256 bits), whose sums stay in registers for the
 * whole depth. For one k: load the columns of B, then for each row broadcast its number of A and multiply-add. A sum runs over k from
 * first to last whatever the tile, so tiles of other sizes give the same bits.
 *
 *   acc[r][c] = start[c] + Σ_k A[r][k] · B[k][c]      r < rows, c < columns, k in the order of the depth's nest
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { I32, Local, V128 } from "../../asm/value.ts";
import { loadLanes } from "./lanes.ts";

/** a·b + c on four lanes: rounded once where fused, else twice. */
export type MultiplyAdd = (a: V128, b: V128, c: V128) => V128;

export function multiplyAdd(fused: boolean): MultiplyAdd {
  return fused ? f32x4.relaxedMadd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c);
}

/**
 * The order of k. `run` numbers of a row of A lie together; after each run of the innermost loop the row moves on by `skip` bytes, and
 * so on outwards. `{ run: 3 * 64, loops: [{ times: 3, skip: rowBytes - 3 * 64 * 4 }] }`: a 3×3 window over 64 channels.
 */
export interface Depth {
  readonly run: number;
  /** Outermost first. */
  readonly loops: readonly { readonly times: number; readonly skip: number }[];
}

export function depthSize({ run, loops }: Depth): number {
  return loops.reduce((product, { times }) => product * times, run);
}

export interface GemmTile {
  readonly rows: number;
  /** 1 to 16. */
  readonly columns: number;
  readonly depth: Depth;
  /** Byte addresses of the rows of A: one each, or only the first when they are `pitch` bytes apart. Moved on by the kernel. */
  readonly a: { readonly rows: readonly Local<"i32">[] } | { readonly first: Local<"i32">; readonly pitch: number };
  /** Byte address of B's first row, rows `pitch` bytes apart; moved on by the kernel. `padded`: rows of B may be read to a multiple of four. */
  readonly b: { readonly first: Local<"i32">; readonly pitch: number; readonly padded: boolean };
  /** What the sums of columns 4·quad to 4·quad + 3 start from. */
  readonly start: (quad: number) => V128;
  readonly multiplyAdd: MultiplyAdd;
}

/** Emits the tile and gives its sums, by row and group of four columns, in locals of the open scope. */
export function emitGemmTile(f: FunctionBuilder, tile: GemmTile): Local<"v128">[][] {
  const quads = Math.ceil(tile.columns / 4);
  const starts = Array.from({ length: quads }, (_, q) => f.let(tile.start(q)));
  const sums = Array.from({ length: tile.rows }, () => starts.map((start) => f.let(start)));
  emitNest(f, tile, sums, 0);
  return sums;
}

function emitNest(f: FunctionBuilder, tile: GemmTile, sums: Local<"v128">[][], level: number): void {
  const loop = tile.depth.loops[level];
  if (!loop) {
    emitRun(f, tile, sums);
    return;
  }
  repeatTimes(f, loop.times, () => {
    emitNest(f, tile, sums, level + 1);
    for (const row of rowPointers(tile)) increment(f, row, loop.skip);
  });
}

function emitRun(f: FunctionBuilder, tile: GemmTile, sums: Local<"v128">[][]): void {
  const { run } = tile.depth;
  const unroll = unrollOf(run);
  const steps = (count: number) => {
    for (let u = 0; u < count; u++) emitStep(f, tile, sums, u);
    for (const row of rowPointers(tile)) increment(f, row, 4 * count);
    increment(f, tile.b.first, tile.b.pitch * count);
  };
  repeatTimes(f, Math.floor(run / unroll), () => steps(unroll));
  if (run % unroll > 0) steps(run % unroll);
}

/** k = u of an unrolled run: sums[r][q] += A[r][u] · B[u][4q … 4q + 3] */
function emitStep(f: FunctionBuilder, tile: GemmTile, sums: Local<"v128">[][], u: number): void {
  const { a, b, columns, multiplyAdd } = tile;
  f.scope(() => {
    const weights = sums[0]!.map((_, q) => {
      const lanes = b.padded ? 4 : Math.min(4, columns - 4 * q);
      return f.let(loadLanes(b.first, lanes, u * b.pitch + 16 * q));
    });
    sums.forEach((sumsOfRow, r) => {
      f.scope(() => {
        const splat = f.let("rows" in a ? splatAt(a.rows[r]!, 4 * u) : splatAt(a.first, r * a.pitch + 4 * u));
        sumsOfRow.forEach((sum, q) => {
          f.set(sum, multiplyAdd(splat, weights[q]!, sum));
        });
      });
    });
  });
}

function splatAt(address: I32, offset: number): V128 {
  return v128.load32Splat(address, offset);
}

function rowPointers({ a }: GemmTile): readonly Local<"i32">[] {
  return "rows" in a ? a.rows : [a.first];
}

/** Steps a turn: a number that divides the run where one of a good size does. */
function unrollOf(run: number): number {
  return [4, 7, 6, 5, 3].find((unroll) => run % unroll === 0) ?? Math.min(run, 4);
}

/** Cuts a number of rows that is known only when it runs into tiles of four rows, and the rest into single ones. */
export function forRows(f: FunctionBuilder, count: I32, tile: (rows: number) => void): void {
  repeatTimes(f, i32.shrU(count, 2), () => tile(4));
  repeatTimes(f, i32.and(count, 3), () => tile(1));
}
