/** Every SIMD instruction of the tables, run on numbers that tell it from its neighbours, against JavaScript's idea of it. */
import { describe, expect, test } from "vitest";
import {
  compares,
  floatBinary,
  floats,
  floatUnary,
  integers,
  pmax,
  pmin,
} from "../../test/support/instruction-cases.ts";
import { buildFunction } from "../../test/support/wasm-function.ts";
import { f32, i32 } from "./scalar.ts";
import { f32x4, f64x2, i8x16, i32x4, v128 } from "./simd.ts";
import type { V128 } from "./value.ts";

const r = Math.fround;

/** memory[32…] = value(memory[0…15], memory[16…31]) */
function lanes(value: (a: V128, b: V128) => V128) {
  const built = buildFunction({ parameters: [] }, (f) => f.store(32, value(v128.load(0), v128.load(16))));
  return {
    ...built,
    floats: (a: readonly number[], b: readonly number[] = [0, 0, 0, 0]) => {
      built.f32.set([...a, ...b]);
      built.call();
      return [...built.f32.subarray(8, 12)];
    },
    integers: (a: readonly number[], b: readonly number[] = [0, 0, 0, 0]) => {
      built.i32.set([...a, ...b]);
      built.call();
      return [...built.i32.subarray(8, 12)];
    },
    floatsToIntegers: (a: readonly number[], b: readonly number[] = [0, 0, 0, 0]) => {
      built.f32.set([...a, ...b]);
      built.call();
      return [...built.i32.subarray(8, 12)];
    },
  };
}

/** All pairs of the numbers, four at a time. */
function* fours(numbers: readonly number[]): Generator<[a: number[], b: number[]]> {
  const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b] as const));
  for (let i = 0; i + 4 <= pairs.length; i += 4)
    yield [pairs.slice(i, i + 4).map(([a]) => a), pairs.slice(i, i + 4).map(([, b]) => b)];
}

describe("f32x4", () => {
  test.each(floatUnary)("%s", (name, meaning) => {
    const run = lanes((a) => f32x4[name](a));
    for (const [a] of fours(floats)) expect(run.floats(a)).toEqual(a.map((x) => r(meaning(x))));
  });
  test.each([...floatBinary, ["pmin", pmin], ["pmax", pmax]] as const)("%s", (name, meaning) => {
    const run = lanes(f32x4[name]);
    for (const [a, b] of fours(floats)) expect(run.floats(a, b)).toEqual(a.map((x, i) => r(meaning(x, b[i]!))));
  });
  test.each(compares)("%s", (name, meaning) => {
    const run = lanes(f32x4[name]);
    for (const [a, b] of fours(floats))
      expect(run.floatsToIntegers(a, b)).toEqual(a.map((x, i) => (meaning(x, b[i]!) ? -1 : 0)));
  });
  test("lanes: const, splat, extract, replace, shuffle", () => {
    expect(lanes(() => f32x4.const([1, 2, 3, 4])).floats([0, 0, 0, 0])).toEqual([1, 2, 3, 4]);
    expect(lanes((a) => f32x4.splat(f32x4.extractLane(a, 2))).floats([1, 2, 3, 4])).toEqual([3, 3, 3, 3]);
    expect(lanes((a) => f32x4.replaceLane(a, 1, 9)).floats([1, 2, 3, 4])).toEqual([1, 9, 3, 4]);
    expect(lanes((a, b) => f32x4.shuffle(a, b, [7, 0, 5, 2])).floats([1, 2, 3, 4], [5, 6, 7, 8])).toEqual([8, 1, 6, 3]);
    expect(() => f32x4.extractLane(v128.zero, 4)).toThrow(/lane 4 of a vector of 4/);
    expect(() => f32x4.shuffle(v128.zero, v128.zero, [0, 1, 2, 8])).toThrow(/lane 8/);
    expect(() => f32x4.const([1, 2])).toThrow(/2 numbers for 4 lanes/);
  });
  test("conversions", () => {
    expect(
      lanes((a) => f32x4.convertI32x4S(a))
        .integers([-1, 2, 3, 0])
        .map((n) => n | 0),
    ).toEqual([-1, 2, 3, 0].map((x) => new Int32Array(new Float32Array([x]).buffer)[0]));
    const bits = (x: number) => new Int32Array(new Float32Array([x]).buffer)[0];
    expect(lanes((a) => f32x4.convertI32x4U(a)).integers([-1, 1, 2, 3])).toEqual([2 ** 32, 1, 2, 3].map(bits));
    expect(lanes((a) => i32x4.truncSatF32x4S(a)).floatsToIntegers([-1.9, 1e20, Number.NaN, 7.5])).toEqual([
      -1, 0x7fff_ffff, 0, 7,
    ]);
    expect(lanes((a) => i32x4.truncSatF32x4U(a)).floatsToIntegers([-1.9, 3e9, Number.NaN, 7.5])).toEqual([
      0,
      3e9 | 0,
      0,
      7,
    ]);
  });
  test("relaxed multiply-add: a·b + c and −a·b + c", () => {
    const bothAdd = buildFunction({ parameters: [] }, (f) => {
      f.store(48, f32x4.relaxedMadd(v128.load(0), v128.load(16), v128.load(32)));
      f.store(64, f32x4.relaxedNmadd(v128.load(0), v128.load(16), v128.load(32)));
      f.store(80, f32x4.relaxedMin(v128.load(0), v128.load(16)));
      f.store(96, f32x4.relaxedMax(v128.load(0), v128.load(16)));
    });
    bothAdd.f32.set([1, 2, 3, 4, 5, 6, 7, 8, 100, 200, 300, 400]);
    bothAdd.call();
    expect([...bothAdd.f32.subarray(12, 28)]).toEqual([
      ...[105, 212, 321, 432],
      ...[95, 188, 279, 368],
      ...[1, 2, 3, 4],
      ...[5, 6, 7, 8],
    ]);
  });
});

describe("i32x4", () => {
  const binary: [name: keyof typeof i32x4, meaning: (a: number, b: number) => number][] = [
    ["add", (a, b) => (a + b) | 0],
    ["sub", (a, b) => (a - b) | 0],
    ["mul", Math.imul],
    ["minS", Math.min],
    ["maxS", Math.max],
    ["eq", (a, b) => (a === b ? -1 : 0)],
    ["ne", (a, b) => (a !== b ? -1 : 0)],
    ["ltS", (a, b) => (a < b ? -1 : 0)],
    ["gtS", (a, b) => (a > b ? -1 : 0)],
    ["leS", (a, b) => (a <= b ? -1 : 0)],
    ["geS", (a, b) => (a >= b ? -1 : 0)],
  ];
  test.each(binary)("%s", (name, meaning) => {
    const run = lanes(i32x4[name] as (a: V128, b: V128) => V128);
    for (const [a, b] of fours(integers)) expect(run.integers(a, b)).toEqual(a.map((x, i) => meaning(x, b[i]!)));
  });
  test("shifts, neg, lanes, const, splat", () => {
    const a = [-9, 8, 0x7fff_ffff, 3];
    expect(lanes((x) => i32x4.shl(x, 3)).integers(a)).toEqual(a.map((n) => n << 3));
    expect(lanes((x) => i32x4.shrS(x, 1)).integers(a)).toEqual(a.map((n) => n >> 1));
    expect(lanes((x) => i32x4.shrU(x, 1)).integers(a)).toEqual(a.map((n) => n >>> 1));
    expect(lanes((x) => i32x4.neg(x)).integers(a)).toEqual(a.map((n) => -n));
    expect(lanes((x) => i32x4.replaceLane(x, 0, i32x4.extractLane(x, 3))).integers(a)).toEqual([3, ...a.slice(1)]);
    expect(lanes(() => i32x4.const([1, -2, 3, -4])).integers(a)).toEqual([1, -2, 3, -4]);
    expect(lanes(() => i32x4.splat(i32.const(-5))).integers(a)).toEqual([-5, -5, -5, -5]);
  });
  test("tests of all lanes", () => {
    const built = buildFunction({ parameters: [] }, (f) => {
      f.store(32, i32x4.allTrue(v128.load(0)));
      f.store(36, v128.anyTrue(v128.load(16)));
      f.store(40, i32x4.bitmask(v128.load(0)));
    });
    built.i32.set([1, -1, 1, -1, 0, 0, 0, 0]);
    built.call();
    expect([...built.i32.subarray(8, 11)]).toEqual([1, 0, 0b1010]);
  });
});

describe("v128", () => {
  test("bits: and, or, xor, andnot, not, bitselect", () => {
    const [a, b] = [
      [0b1100, -1, 0, 7],
      [0b1010, 5, 9, 7],
    ] as const;
    const each = (meaning: (x: number, y: number) => number) => a.map((x, i) => meaning(x, b[i]!));
    expect(lanes(v128.and).integers(a, b)).toEqual(each((x, y) => x & y));
    expect(lanes(v128.or).integers(a, b)).toEqual(each((x, y) => x | y));
    expect(lanes(v128.xor).integers(a, b)).toEqual(each((x, y) => x ^ y));
    expect(lanes(v128.andnot).integers(a, b)).toEqual(each((x, y) => x & ~y));
    expect(lanes((x) => v128.not(x)).integers(a)).toEqual(a.map((x) => ~x));
    const mask = i32x4.const(0xff);
    expect(lanes((x, y) => v128.bitselect(x, y, mask)).integers(a, b)).toEqual(
      each((x, y) => (x & 0xff) | (y & ~0xff)),
    );
  });

  test("loads and stores of some lanes touch nothing else", () => {
    const built = buildFunction({ parameters: [] }, (f) => {
      f.store(32, v128.load32Splat(4));
      f.store(48, v128.load64Splat(8));
      f.store(64, v128.load32Zero(0, 12));
      f.store(80, v128.load64Zero(0, 8));
      f.store(96, v128.load32Lane(4, f32x4.const(9), 3));
      f.store(112, v128.load64Lane(0, f32x4.const(9), 1));
      const all = f.let(v128.load(0));
      f.storeLane32(128, all, 2);
      f.storeLane64(128, all, 1, 8);
    });
    built.f32.set([1, 2, 3, 4]);
    built.f32.fill(-1, 32, 37);
    built.call();
    const row = (index: number) => [...built.f32.subarray(4 * index, 4 * index + 4)];
    expect(row(2)).toEqual([2, 2, 2, 2]);
    expect(row(3)).toEqual([3, 4, 3, 4]);
    expect(row(4)).toEqual([4, 0, 0, 0]);
    expect(row(5)).toEqual([3, 4, 0, 0]);
    expect(row(6)).toEqual([9, 9, 9, 2]);
    expect(row(7)).toEqual([9, 9, 1, 2]);
    expect([...built.f32.subarray(32, 37)]).toEqual([3, -1, 3, 4, -1]);
  });

  test("bytes: shuffle and swizzle", () => {
    const reversed = Array.from({ length: 16 }, (_, i) => 15 - i);
    const run = lanes((a, b) => i8x16.shuffle(a, b, reversed));
    run.u8.set(Array.from({ length: 32 }, (_, i) => i));
    run.call();
    expect([...run.u8.subarray(32, 48)]).toEqual(reversed);
    const swizzled = lanes(i8x16.swizzle);
    swizzled.u8.set([...reversed, 0, 200, ...Array.from({ length: 14 }, () => 3)]);
    swizzled.call();
    expect([...swizzled.u8.subarray(32, 36)]).toEqual([15, 0, 12, 12]);
    expect(() => i8x16.shuffle(v128.zero, v128.zero, [1])).toThrow(/1 bytes, expected 16/);
  });
});

test("f64x2", () => {
  const built = buildFunction({ parameters: [] }, (f) => {
    const [a, b] = [f.let(f64x2.promoteLowF32x4(v128.load(0))), f.let(f64x2.splat(f32.const(0.5)))];
    const results = [
      f64x2.add(a, b),
      f64x2.sub(a, b),
      f64x2.mul(a, b),
      f64x2.div(a, b),
      f64x2.abs(a),
      f64x2.neg(a),
      f64x2.sqrt(f64x2.abs(a)),
      f64x2.relaxedMadd(a, b, a),
    ];
    for (const [i, result] of results.entries()) f.store(16 + 16 * i, result);
  });
  built.f32.set([-4, 9]);
  built.call();
  const doubles = new Float64Array(built.f32.buffer, 16, 16);
  const expected = [-3.5, 9.5, -4.5, 8.5, -2, 4.5, -8, 18, 4, 9, 4, -9, 2, 3, -6, 13.5];
  expect([...doubles]).toEqual(expected);
});
