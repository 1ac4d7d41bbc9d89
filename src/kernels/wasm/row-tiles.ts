/**
 * How the rows of a matrix product are cut: evenly into tiles that differ by one row at most (49 rows are 4 tiles of 6 and 5 of 5), tiles
 * into blocks. The larger tiles come first.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { i32 } from "../../asm/scalar.ts";
import type { Local } from "../../asm/value.ts";

export interface RowTiles {
  /** Rows of a larger tile. */
  readonly rows: number;
  /** Larger tiles. */
  readonly count: number;
  /** Tiles of one row less. */
  readonly smaller: number;
}

/** `total` rows in tiles of at most `most`; where it can be in at least `atLeast` tiles. */
export function rowTiles(total: number, most: number, atLeast = 1): RowTiles {
  const tiles = Math.min(total, Math.max(atLeast, Math.ceil(total / most)));
  const rows = Math.ceil(total / tiles);
  const count = total - tiles * (rows - 1);
  return { rows, count, smaller: tiles - count };
}

export interface RowBlock {
  readonly firstRow: Local<"i32">;
  /** Larger tiles, then smaller ones, where there are any. */
  readonly tiles: readonly { readonly rows: number; readonly count: Local<"i32"> }[];
}

/** The rows of block number `block` (undefined: 0), of `perBlock` tiles. */
export function emitRowBlock(
  f: FunctionBuilder,
  { rows, count, smaller }: RowTiles,
  perBlock: number,
  block: Local<"i32"> | undefined,
): RowBlock {
  const firstTile = f.let(block ? i32.mul(block, perBlock) : i32.const(0));
  const largerBefore = f.let(i32.minS(firstTile, count));
  const smallerBefore = f.let(i32.sub(firstTile, largerBefore));
  const largerLeft = f.let(i32.sub(count, largerBefore));
  const larger = f.let(i32.minS(largerLeft, perBlock));
  const room = f.let(i32.sub(perBlock, larger));
  const tiles = [{ rows, count: larger }];
  if (smaller > 0) {
    const smallerLeft = f.let(i32.sub(smaller, smallerBefore));
    tiles.push({ rows: rows - 1, count: f.let(i32.minS(room, smallerLeft)) });
  }
  const firstRow = f.let(i32.add(i32.mul(largerBefore, rows), i32.mul(smallerBefore, rows - 1)));
  return { firstRow, tiles };
}

/** Quotient and remainder by a number that is known; the remainder is undefined where it is always 0. */
export function divide(
  f: FunctionBuilder,
  value: Local<"i32">,
  by: number,
): readonly [Local<"i32">, Local<"i32"> | undefined] {
  if (by === 1) return [value, undefined];
  const quotient = f.let(i32.divU(value, by));
  return [quotient, f.let(i32.sub(value, i32.mul(quotient, by)))];
}
