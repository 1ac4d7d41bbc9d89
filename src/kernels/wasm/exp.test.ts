import { expect, test } from "vitest";
import { buildFunction } from "../../../test/support/wasm-function.ts";
import { v128 } from "../../asm/simd.ts";
import { expLanes } from "./exp.ts";

const built = buildFunction({ parameters: [] }, (f) => f.store(16, expLanes(f, v128.load(0))));

function exp(...x: [number, number, number, number]): number[] {
  built.f32.set(x);
  built.call();
  return [...built.f32.subarray(4, 8)];
}

/** Distance between neighbouring float32 numbers at x. */
function unitInLastPlace(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);
}

test("within 1 unit in the last place over all that is normal, 2 where it is denormal", () => {
  let worst = 0;
  for (let i = 0; i < 400_000; i += 4) {
    const x = [0, 1, 2, 3].map((lane) => Math.fround(-87.3 + ((i + lane) * (88.7 + 87.3)) / 400_000)) as [
      number,
      number,
      number,
      number,
    ];
    for (const [lane, actual] of exp(...x).entries()) {
      const expected = Math.exp(x[lane]!);
      worst = Math.max(worst, Math.abs(actual - expected) / unitInLastPlace(expected));
    }
  }
  expect(worst).toBeLessThan(1);
  expect(worst).toBeGreaterThan(0.4); // or nothing was compared
  for (let x = -104; x < -87.3; x += 0.01) {
    const [actual] = exp(x, 0, 0, 0);
    expect(Math.abs(actual! - Math.exp(Math.fround(x)))).toBeLessThanOrEqual(2 * 2 ** -149);
  }
});

test("ends and what is not a number", () => {
  const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high, NaN: nan } = Number;
  expect(exp(0, -0, low, high)).toEqual([1, 1, 0, high]);
  expect(exp(nan, -1000, 1000, 88.8)).toEqual([nan, 0, high, high]);
});
