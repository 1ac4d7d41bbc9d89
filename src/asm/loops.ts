/**
 * Loops out of blocks and branches. Bounds that are numbers are known while building: a loop of no turns emits nothing, one of a single
 * turn no loop. Bounds that are values are computed once, before the loop.
 */
import type { FunctionBuilder } from "./function-builder.ts";
import { i32, toI32 } from "./scalar.ts";
import { type I32Operand, isLocal, type Local } from "./value.ts";

export interface Range {
  /** Default 0. */
  readonly from?: I32Operand;
  /** Not reached. Signed. */
  readonly to: I32Operand;
  /** Above 0; default 1. */
  readonly step?: number;
}

/** for (let i = from; i < to; i += step) body(i). Do not set `i`. */
export function forRange(f: FunctionBuilder, range: Range, body: (i: Local<"i32">) => void): void {
  const { from = 0, to, step = 1 } = range;
  if (!Number.isInteger(step) || step < 1) throw new RangeError(`asm: a loop's step is ${step}, expected at least 1`);
  const known = typeof from === "number" && typeof to === "number";
  if (known && from >= to) return;
  f.block((done) => {
    const i = f.let(toI32(from));
    if (known && from + step >= to) {
      body(i);
      return;
    }
    const last = keep(f, to);
    if (!known) f.br(done, i32.geS(i, last));
    f.loop((next) => {
      body(i);
      f.set(i, i32.add(i, step));
      f.br(next, i32.ltS(i, last));
    });
  });
}

/** Runs the body `count` times (unsigned), without an index. */
export function repeatTimes(f: FunctionBuilder, count: I32Operand, body: () => void): void {
  if (count === 0) return;
  if (count === 1) {
    f.scope(body);
    return;
  }
  f.block((done) => {
    const left = f.let(toI32(count));
    if (typeof count !== "number") f.br(done, i32.eqz(left));
    f.loop((next) => {
      body();
      f.set(left, i32.sub(left, 1));
      f.br(next, left);
    });
  });
}

/** local += amount */
export function increment(f: FunctionBuilder, local: Local<"i32">, amount: I32Operand): void {
  if (amount !== 0) f.set(local, i32.add(local, amount));
}

/** Constants and the caller's locals as they are, anything else computed once. A caller's local must not change in the loop. */
function keep(f: FunctionBuilder, bound: I32Operand): I32Operand {
  return typeof bound === "number" || isLocal(bound) ? bound : f.let(bound);
}
