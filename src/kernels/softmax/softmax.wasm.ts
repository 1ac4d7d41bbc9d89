/**
 * softmax in WebAssembly. Three passes over the numbers: their largest, exp(x − largest) with its sum, the quotient. Where neighbours
 * are of one softmax (inner = 1) four of them go in lanes, and the sum is of lanes first; else the lanes are four softmaxes.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { Local, V128 } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { expLanes } from "../wasm/exp.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { forLanes } from "../wasm/nest.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { SoftmaxProblem } from "./softmax.problem.ts";

export const softmaxWasm: readonly WasmVariant<SoftmaxProblem>[] = [
  {
    id: "softmax.wasm-lanes",
    sumOrder: "lanes of four along a row, else first to last",
    accepts: () => true,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    stages: (p) => [
      {
        name: "softmax",
        pieces: repeatPieces,
        arguments: [input(0), output],
        emit: (f) => (p.inner === 1 ? emitRows(f, p) : emitColumns(f, p)),
      },
    ],
  },
];

const lowest = f32x4.const(Number.NEGATIVE_INFINITY);

/** x (repeat · outer, length) */
function emitRows(f: FunctionBuilder, { outer, length }: SoftmaxProblem): void {
  const bytes = 4 * outer * length;
  const [x, y, repeats] = repeatParameters(f, [bytes, bytes]) as [Local<"i32">, Local<"i32">, Local<"i32">];
  repeatTimes(f, i32.mul(repeats, outer), () => {
    // The largest number, in all lanes. f32x4.max, so that NaN wins.
    const max = f.let(lowest);
    const at = f.let(x);
    repeatTimes(f, Math.floor(length / 4), () => {
      f.set(max, f32x4.max(max, v128.load(at)));
      increment(f, at, 16);
    });
    for (let i = 0; i < length % 4; i++) f.set(max, f32x4.max(max, v128.load32Splat(at, 4 * i)));
    acrossLanes(f, max, f32x4.max);
    // y = exp(x − max) and its sum; lanes behind the end count as 0.
    const sum = f.let(v128.zero);
    const to = f.let(y);
    forLanes(f, length, [x, to], (lanes) => {
      storeLanes(f, to, expLanes(f, f32x4.sub(loadLanes(x, lanes), max)), lanes);
      f.set(sum, f32x4.add(sum, loadLanes(to, lanes)));
    });
    acrossLanes(f, sum, f32x4.add);
    forLanes(f, length, [y], (lanes) => storeLanes(f, y, f32x4.div(loadLanes(y, lanes), sum), lanes));
  });
}

/** Combines the four lanes: all have the result then, formed in the same way. */
function acrossLanes(f: FunctionBuilder, v: Local<"v128">, combine: (a: V128, b: V128) => V128): void {
  f.set(v, combine(v, f32x4.shuffle(v, v, [2, 3, 0, 1])));
  f.set(v, combine(v, f32x4.shuffle(v, v, [1, 0, 3, 2])));
}

/** x (repeat · outer, length, inner) */
function emitColumns(f: FunctionBuilder, { outer, length, inner }: SoftmaxProblem): void {
  const bytes = 4 * outer * length * inner;
  const [x, y, repeats] = repeatParameters(f, [bytes, bytes]) as [Local<"i32">, Local<"i32">, Local<"i32">];
  const pitch = 4 * inner;
  repeatTimes(f, i32.mul(repeats, outer), () => {
    forLanes(f, inner, [x, y], (lanes) => {
      const max = f.let(lowest);
      const from = f.let(x);
      repeatTimes(f, length, () => {
        f.set(max, f32x4.max(max, loadLanes(from, lanes)));
        increment(f, from, pitch);
      });
      const sum = f.let(v128.zero);
      f.set(from, x);
      const to = f.let(y);
      repeatTimes(f, length, () => {
        const e = f.let(expLanes(f, f32x4.sub(loadLanes(from, lanes), max)));
        f.set(sum, f32x4.add(sum, e));
        storeLanes(f, to, e, lanes);
        increment(f, from, pitch);
        increment(f, to, pitch);
      });
      f.set(to, y);
      repeatTimes(f, length, () => {
        storeLanes(f, to, f32x4.div(loadLanes(to, lanes), sum), lanes);
        increment(f, to, pitch);
      });
    });
    increment(f, x, pitch * (length - 1));
    increment(f, y, pitch * (length - 1));
  });
}
