import { describe, expect, test } from "vitest";
import { buildFunction } from "../../test/support/wasm-function.ts";
import type { FunctionBuilder } from "./function-builder.ts";
import { forRange, increment, type Range, repeatTimes } from "./loops.ts";
import { i32 } from "./scalar.ts";
import type { I32Operand, Local } from "./value.ts";

/** The values of `i` that a loop visits, and how often its body was emitted. */
function visits(loop: (f: FunctionBuilder, n: Local<"i32">, body: (i: I32Operand) => void) => void, n: number) {
  let emitted = 0;
  const built = buildFunction({ parameters: ["i32"] }, (f) => {
    const at = f.let(i32.const(4));
    loop(f, f.parameter(0, "i32"), (i) => {
      emitted++;
      f.store(at, i32.add(i, 0));
      increment(f, at, 4);
    });
    f.store(0, at);
  });
  built.call(n);
  return { values: [...built.i32.subarray(1, built.i32[0]! / 4)], emitted };
}

function expected(from: number, to: number, step: number): number[] {
  const values: number[] = [];
  for (let i = from; i < to; i += step) values.push(i);
  return values;
}

describe("forRange", () => {
  test.each([
    [0, 5, 1],
    [0, 1, 1],
    [0, 0, 1],
    [3, 2, 1],
    [-4, 9, 4],
    [0, 8, 4],
    [2, 6, 4],
  ])("from %i to %i by %i, known and unknown", (from, to, step) => {
    const range = (given: Range) => ({ step, ...given });
    const known = visits((f, _, body) => forRange(f, range({ from, to }), body), 0);
    expect(known.values).toEqual(expected(from, to, step));
    expect(known.emitted).toBe(to > from ? 1 : 0);
    const unknownEnd = visits((f, n, body) => forRange(f, range({ from, to: n }), body), to);
    expect(unknownEnd.values).toEqual(expected(from, to, step));
    const unknownStart = visits((f, n, body) => forRange(f, range({ from: n, to }), body), from);
    expect(unknownStart.values).toEqual(expected(from, to, step));
  });

  test("a bound that is a value is computed once", () => {
    const { values } = visits((f, n, body) => {
      forRange(f, { to: i32.add(n, 1) }, (i) => {
        body(i);
        f.set(n, i32.const(100));
      });
    }, 2);
    expect(values).toEqual([0, 1, 2]);
  });

  test("refuses a step that would never end", () => {
    expect(() => visits((f, _, body) => forRange(f, { to: 3, step: 0 }, body), 0)).toThrow(/step is 0/);
  });
});

test.each([0, 1, 2, 7])("repeatTimes %i", (count) => {
  const run = (times: (n: Local<"i32">) => I32Operand) =>
    visits((f, n, body) => repeatTimes(f, times(n), () => body(9)), count);
  expect(run(() => count).values).toEqual(Array(count).fill(9));
  expect(run((n) => n).values).toEqual(Array(count).fill(9));
  expect(run(() => count).emitted).toBe(Math.min(1, count));
});
