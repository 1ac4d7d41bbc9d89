/** The sizes, strides and paddings of images: two whole numbers, [vertical, horizontal]. */
import { ShapeError } from "../errors.ts";

export type Pair = readonly [vertical: number, horizontal: number];

/** As an error shows it: `[2, 1]`. */
export function formatPair(pair: Pair): string {
  return `[${pair.join(", ")}]`;
}

/** Throws ShapeError unless `pair` is two whole numbers of at least `least`. */
export function expectPair(op: string, name: string, pair: Pair, least: number): void {
  if (!(pair.length === 2 && pair.every((value) => Number.isSafeInteger(value) && value >= least)))
    throw new ShapeError(`${op}: ${name} is ${formatPair(pair)}; expected two whole numbers of at least ${least}`);
}
