/** Every scalar instruction of the table, run on numbers that tell it from its neighbours, against JavaScript's idea of it. */
import { describe, expect, test } from "vitest";
import { compares, floatBinary, floats, floatUnary, integers } from "../../test/support/instruction-cases.ts";
import { buildFunction } from "../../test/support/wasm-function.ts";
import { f32, f64, i32, select } from "./scalar.ts";
import type { F32, F64, I32 } from "./value.ts";

const r = Math.fround;

describe("i32", () => {
  const binary: [name: keyof typeof i32, meaning: (a: number, b: number) => number][] = [
    ["add", (a, b) => a + b],
    ["sub", (a, b) => a - b],
    ["mul", Math.imul],
    ["and", (a, b) => a & b],
    ["or", (a, b) => a | b],
    ["xor", (a, b) => a ^ b],
    ["shl", (a, b) => a << b],
    ["shrS", (a, b) => a >> b],
    ["shrU", (a, b) => a >>> b],
    ["eq", (a, b) => +(a === b)],
    ["ne", (a, b) => +(a !== b)],
    ["ltS", (a, b) => +(a < b)],
    ["ltU", (a, b) => +(a >>> 0 < b >>> 0)],
    ["gtS", (a, b) => +(a > b)],
    ["gtU", (a, b) => +(a >>> 0 > b >>> 0)],
    ["leS", (a, b) => +(a <= b)],
    ["leU", (a, b) => +(a >>> 0 <= b >>> 0)],
    ["geS", (a, b) => +(a >= b)],
    ["geU", (a, b) => +(a >>> 0 >= b >>> 0)],
    ["minS", Math.min],
    ["maxS", Math.max],
    ["divS", (a, b) => (b === 0 || (b === -1 && a === -0x8000_0000) ? Number.NaN : Math.trunc(a / b))],
    ["divU", (a, b) => (b === 0 ? Number.NaN : Math.floor((a >>> 0) / (b >>> 0)))],
    ["remS", (a, b) => (b === 0 ? Number.NaN : a % b)],
    ["remU", (a, b) => (b === 0 ? Number.NaN : (a >>> 0) % (b >>> 0))],
  ];
  test.each(binary)("%s", (name, meaning) => {
    const instruction = i32[name] as (a: I32, b: I32) => I32;
    const { call } = buildFunction({ parameters: ["i32", "i32"], result: "i32" }, (f) => {
      const [a, b] = f.i32Parameters();
      f.return(instruction(a!, b!));
    });
    for (const a of integers)
      for (const b of integers) {
        const expected = meaning(a, b);
        if (Number.isNaN(expected)) expect(() => call(a, b), `${a}, ${b}`).toThrow(WebAssembly.RuntimeError);
        else expect(call(a, b), `${a}, ${b}`).toBe(expected | 0);
      }
  });

  const unary: [name: keyof typeof i32, meaning: (a: number) => number][] = [
    ["eqz", (a) => +(a === 0)],
    ["clz", Math.clz32],
    ["ctz", (a) => (a === 0 ? 32 : 31 - Math.clz32(a & -a))],
    ["popcnt", (a) => (a >>> 0).toString(2).replaceAll("0", "").length],
  ];
  test.each(unary)("%s", (name, meaning) => {
    const instruction = i32[name] as (a: I32) => I32;
    const { call } = buildFunction({ parameters: ["i32"], result: "i32" }, (f) =>
      f.return(instruction(f.parameter(0, "i32"))),
    );
    for (const a of integers) expect(call(a), `${a}`).toBe(meaning(a));
  });

  test("loads of 8, 16 and 32 bits, and constants of every size", () => {
    const built = buildFunction({ parameters: [] }, (f) => {
      f.store(0, i32.const(-0x7edc_ba99)); // 0x81234567
      f.store(4, i32.load8U(3));
      f.store(8, i32.load16U(0, 2));
      f.store(12, i32.load(0));
      f.store(16, i32.reinterpretF32(f32.const(1)));
      f.store(20, i32.truncSatF32S(f32.const(-7.9)));
      f.store(24, i32.truncSatF32S(f32.const(Number.NaN)));
    });
    built.call();
    expect([...built.i32.subarray(1, 7)]).toEqual([0x81, 0x8123, -0x7edc_ba99, 0x3f80_0000, -7, 0]);
  });
});

describe("f32", () => {
  test.each(floatUnary)("%s", (name, meaning) => {
    const { call } = buildFunction({ parameters: ["f32"], result: "f32" }, (f) =>
      f.return(f32[name](f.parameter(0, "f32"))),
    );
    for (const x of floats) expect(call(x), `${x}`).toBe(r(meaning(x)));
  });
  const inputs = { parameters: ["f32", "f32"] } as const;
  test.each(floatBinary)("%s", (name, meaning) => {
    const { call } = buildFunction({ ...inputs, result: "f32" }, (f) =>
      f.return(f32[name](f.parameter(0, "f32"), f.parameter(1, "f32"))),
    );
    for (const a of floats) for (const b of floats) expect(call(a, b), `${a}, ${b}`).toBe(r(meaning(a, b)));
  });
  test.each(compares)("%s", (name, meaning) => {
    const { call } = buildFunction({ ...inputs, result: "i32" }, (f) =>
      f.return(f32[name](f.parameter(0, "f32"), f.parameter(1, "f32"))),
    );
    for (const a of floats) for (const b of floats) expect(call(a, b), `${a}, ${b}`).toBe(+meaning(a, b));
  });
  test("conversions", () => {
    const built = buildFunction({ parameters: [] }, (f) => {
      f.store(0, f32.convertI32S(-3));
      f.store(4, f32.convertI32U(-1));
      f.store(8, f32.demoteF64(f64.const(0.1)));
      f.store(12, f32.reinterpretI32(0x4049_0fdb));
      f.store(16, f32.load(8));
    });
    built.call();
    expect([...built.f32.subarray(0, 5)]).toEqual([-3, 2 ** 32, r(0.1), r(Math.PI), r(0.1)]);
  });
});

describe("f64", () => {
  const run = (value: (a: F64, b: F64) => F64) =>
    buildFunction({ parameters: ["f64", "f64"], result: "f64" }, (f) =>
      f.return(value(f.parameter(0, "f64"), f.parameter(1, "f64"))),
    ).call;
  test.each(floatBinary)("%s", (name, meaning) => {
    const call = run(f64[name]);
    for (const a of floats) for (const b of floats) expect(call(a / 3, b / 7)).toBe(meaning(a / 3, b / 7));
  });
  test.each(floatUnary.filter(([name]) => name === "abs" || name === "neg" || name === "sqrt"))(
    "%s",
    (name, meaning) => {
      const call = run((a) => f64[name as "abs"](a));
      for (const a of floats) expect(call(a / 3, 0)).toBe(meaning(a / 3));
    },
  );
  test.each(compares)("%s", (name, meaning) => {
    const { call } = buildFunction({ parameters: ["f64", "f64"], result: "i32" }, (f) =>
      f.return(f64[name](f.parameter(0, "f64"), f.parameter(1, "f64"))),
    );
    for (const a of floats) for (const b of floats) expect(call(a, b)).toBe(+meaning(a, b));
  });
  test("conversions, loads and stores", () => {
    expect(run(() => f64.promoteF32(f32.const(0.1)))(0, 0)).toBe(r(0.1));
    expect(run(() => f64.convertI32S(-5))(0, 0)).toBe(-5);
    const built = buildFunction({ parameters: ["f64"], result: "f64" }, (f) => {
      f.store(8, f.parameter(0, "f64"));
      f.return(f64.load(0, 8));
    });
    expect(built.call(Math.PI)).toBe(Math.PI);
  });
});

test("select takes the first where the condition is not 0", () => {
  const { call } = buildFunction({ parameters: ["i32"], result: "f32" }, (f) =>
    f.return(select(f32.const(1), f32.const(2), f.parameter(0, "i32"))),
  );
  expect([call(-1), call(0)]).toEqual([1, 2]);
  expect(() => select(f32.const(1), f64.const(1) as never as F32, 1)).toThrow(/between f32 and f64/);
});
