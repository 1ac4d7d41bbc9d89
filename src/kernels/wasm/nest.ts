/** Loops over the dimensions of a tensor and over neighbouring numbers, with addresses that walk along. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import type { I32Operand, Local } from "../../asm/value.ts";

/** An address with its step, in numbers of 4 bytes, along each dimension. */
export interface Walker {
  readonly address: Local<"i32">;
  readonly strides: readonly number[];
}

/**
 * Loops over all but the last dimension of `shape` (none: one turn). `inner` gets the last dimension's size and walks each address
 * through it, by `size · strides.at(-1)`. In the end each address has moved by shape[0] · strides[0].
 */
export function forOuterDims(
  f: FunctionBuilder,
  shape: readonly number[],
  walkers: readonly Walker[],
  inner: (size: number) => void,
): void {
  const last = shape.length - 1;
  const emit = (dim: number) => {
    if (dim >= last) {
      inner(shape[last] ?? 1);
      return;
    }
    repeatTimes(f, shape[dim]!, () => {
      emit(dim + 1);
      for (const { address, strides } of walkers)
        increment(f, address, 4 * (strides[dim]! - shape[dim + 1]! * strides[dim + 1]!));
    });
  };
  emit(0);
}

/**
 * Walks `count` neighbouring numbers, four at a time and the rest in one turn of 1 to 3 (known count) or one by one. The body says what
 * is done with `lanes` numbers; the addresses move on after it, each by `lanes` numbers.
 */
export function forLanes(
  f: FunctionBuilder,
  count: I32Operand,
  addresses: readonly Local<"i32">[],
  body: (lanes: number) => void,
): void {
  const turn = (lanes: number) => () => {
    body(lanes);
    for (const address of addresses) increment(f, address, 4 * lanes);
  };
  if (typeof count === "number") {
    repeatTimes(f, Math.floor(count / 4), turn(4));
    if (count % 4 > 0) f.scope(turn(count % 4));
  } else {
    repeatTimes(f, i32.shrU(count, 2), turn(4));
    repeatTimes(f, i32.and(count, 3), turn(1));
  }
}
