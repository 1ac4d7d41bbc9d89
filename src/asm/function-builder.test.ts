import { describe, expect, test } from "vitest";
import { buildFunction } from "../../test/support/wasm-function.ts";
import { FunctionBuilder, type Label } from "./function-builder.ts";
import { increment } from "./loops.ts";
import { ModuleBuilder } from "./module-builder.ts";
import { f32, i32 } from "./scalar.ts";
import { f32x4, v128 } from "./simd.ts";
import type { Local } from "./value.ts";

const builder = () => new FunctionBuilder({ parameters: ["i32"], result: "i32" });

describe("values and locals", () => {
  test("a value is computed where it is used, a local when it is made", () => {
    const { call } = buildFunction({ parameters: ["i32"], result: "i32" }, (f) => {
      const n = f.parameter(0, "i32");
      const value = i32.mul(n, 10);
      const local = f.let(value);
      f.set(n, i32.const(7));
      f.return(i32.add(value, local)); // 70 + 10 · the argument
    });
    expect(call(3)).toBe(100);
  });

  test("locals of a closed block are used again, so that unrolled code needs few", () => {
    const f = new FunctionBuilder({ parameters: [] });
    const indices = new Set<number>();
    for (let i = 0; i < 100; i++)
      f.scope(() => {
        const sum = f.let(f32x4.add(v128.load(0), v128.load(16)));
        indices.add(sum.index);
        f.store(0, sum);
      });
    expect(indices.size).toBe(1);
  });

  test("locals of all types keep their numbers side by side", () => {
    const built = buildFunction({ parameters: ["f32", "i32"] }, (f) => {
      const x = f.let(f.parameter(0, "f32"));
      const n = f.let(f.parameter(1, "i32"));
      const v = f.let(f32x4.splat(x));
      f.store(0, v);
      f.store(16, n);
      f.store(20, f32.add(x, 1));
    });
    built.call(2.5, 42);
    expect([...built.f32.subarray(0, 4), built.i32[4], built.f32[5]]).toEqual([2.5, 2.5, 2.5, 2.5, 42, 3.5]);
  });
});

describe("faults are found while building", () => {
  test("types: by the compiler, and for those who cast", () => {
    const f = builder();
    const n = f.parameter(0, "i32");
    // @ts-expect-error an f32 is no i32
    expect(() => f.set(n, f32.const(1))).toThrow(/a local of type i32 is set to f32/);
    // @ts-expect-error an i32 is no v128
    expect(i32.add(n, v128.zero).type).toBe("i32");
    // @ts-expect-error a number is no v128
    expect(() => f32x4.add(v128.zero, 1)).not.toThrow();
    expect(() => f.parameter(0, "f32")).toThrow(/parameter 0 is i32, not f32/);
    expect(() => f.parameter(1, "i32")).toThrow(/parameter 1 is missing/);
    expect(() => f.return(f32.const(1))).toThrow(/returns f32, expected i32/);
  });

  test("locals: used or set outside of their block, or in another function", () => {
    const f = builder();
    let escaped: Local<"i32"> | undefined;
    f.block(() => {
      escaped = f.let(i32.const(1));
    });
    expect(() => f.store(0, escaped!)).toThrow(/outside of the block/);
    expect(() => f.store(0, i32.add(escaped!, 1))).toThrow(/outside of the block/);
    expect(() => f.set(escaped!, i32.const(2))).toThrow(/outside of the block/);
    expect(() => builder().let(f.parameter(0, "i32"))).toThrow(/another function/);
  });

  test("branches to a block that is closed", () => {
    const f = builder();
    let closed: Label | undefined;
    f.block((label) => {
      closed = label;
    });
    expect(() => f.br(closed!)).toThrow(/not open/);
  });

  test("statements after the end", () => {
    const f = new FunctionBuilder({ parameters: [] });
    f.finish();
    expect(() => f.unreachable()).toThrow(/after the function was finished/);
    expect(() => f.finish()).toThrow(/finished twice/);
    const open = new FunctionBuilder({ parameters: [] });
    expect(() => open.block(() => open.finish())).toThrow(/inside one of its blocks/);
  });
});

describe("structure", () => {
  test("if and else, each with locals of its own", () => {
    const { call } = buildFunction({ parameters: ["i32"], result: "i32" }, (f) => {
      const n = f.parameter(0, "i32");
      const result = f.let(i32.const(0));
      f.if(
        i32.ltS(n, 10),
        () => f.set(result, f.let(i32.mul(n, 2))),
        () => f.set(result, f.let(i32.sub(n, 100))),
      );
      f.if(i32.eq(n, 5), () => f.set(result, i32.const(-1)));
      f.return(result);
    });
    expect([call(4), call(50), call(5)]).toEqual([8, -50, -1]);
  });

  test("branches count blocks, not scopes", () => {
    const { call } = buildFunction({ parameters: ["i32"], result: "i32" }, (f) => {
      const n = f.parameter(0, "i32");
      const turns = f.let(i32.const(0));
      f.block((out) => {
        f.scope(() =>
          f.loop((again) => {
            f.scope(() => {
              increment(f, turns, 1);
              f.br(out, i32.geS(turns, n));
              f.br(again);
            });
          }),
        );
        f.unreachable();
      });
      f.return(turns);
    });
    expect([call(1), call(6)]).toEqual([1, 6]);
  });

  test("memoryCopy and memoryFill", () => {
    const built = buildFunction({ parameters: ["i32"] }, (f) => {
      const n = f.parameter(0, "i32");
      f.memoryFill(0, 7, n);
      f.memoryCopy(2, 1, n);
    });
    built.u8[3] = 1;
    built.call(3);
    expect([...built.u8.subarray(0, 6)]).toEqual([7, 7, 7, 7, 1, 0]);
  });
});

describe("calls", () => {
  test("functions call those added before them", () => {
    const module = new ModuleBuilder();
    const square = new FunctionBuilder({ parameters: ["i32"], result: "i32" });
    const n = square.parameter(0, "i32");
    square.return(i32.mul(n, n));
    const target = { ...module.addFunction(square), result: "i32" } as const;
    const sum = new FunctionBuilder({ parameters: ["i32", "i32"], result: "i32" });
    const [a, b] = sum.i32Parameters();
    sum.return(i32.add(sum.callValue(target, a!), sum.callValue(target, b!)));
    module.addFunction(sum, { export: "sumOfSquares" });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
    expect((exports.sumOfSquares as (a: number, b: number) => number)(3, 4)).toBe(25);
  });

  test("a call with other arguments than the function has", () => {
    const f = builder();
    const target = { parameters: ["i32", "f32"], index: 0 } as const;
    expect(() => f.call(target, i32.const(1))).toThrow(/a call with \(i32\), expected \(i32, f32\)/);
    expect(() => f.call({ ...target, result: "f32" }, i32.const(1), f32.const(1))).toThrow(/use callValue/);
  });
});
