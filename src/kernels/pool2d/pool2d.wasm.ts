/**
 * What the pools share in WebAssembly: NHWC, for each output pixel the part of its window that lies in the image, over which 16, 4 or
 * fewer channels at a time are combined, rows first, from the first column to the last.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment, repeatTimes } from "../../asm/loops.ts";
import { f32, i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { I32, Local, V128 } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import type { Pair } from "../pair.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { divide } from "../wasm/row-tiles.ts";
import type { Pool2dProblem } from "./pool2d.problem.ts";

/** The part of a window that lies in the image, along one axis: `count` positions from `first`. */
export interface WindowPart {
  readonly first: Local<"i32">;
  readonly count: Local<"i32">;
  /** Positions that the mean counts. */
  readonly counted: I32;
}

/** The sizes that every pool's problem has. */
export type Pool2dSizes = Pick<Pool2dProblem, "channels" | "height" | "width" | "outHeight" | "outWidth">;

export interface PoolWay {
  /** Steps from one position of a window to the next; 1 unless told. */
  readonly dilation?: Pair;
  /** Emits the window of output index `o` along an axis. */
  readonly window: (axis: 0 | 1, o: Local<"i32">) => WindowPart;
  /** What is kept of a window: one vector or several. */
  readonly start: readonly V128[];
  readonly combine: (kept: readonly V128[], x: V128) => readonly V128[];
  /** From what was combined to the output; `counted` positions. */
  readonly finish: (kept: readonly V128[], counted: readonly [I32, I32]) => V128;
}

/** The variants of a pool: x (repeat, H, W, C) → y (repeat, OH, OW, C). A piece: a row of outputs. */
export function poolWasm<P extends Pool2dSizes>(
  op: string,
  sumOrder: string,
  way: (p: P, f: FunctionBuilder) => PoolWay,
): readonly WasmVariant<P>[] {
  return [
    {
      id: `${op}.wasm-nhwc`,
      sumOrder,
      accepts: () => true,
      layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
      stages: (p) => [
        {
          name: op,
          pieces: (repeats) => repeats * p.outHeight,
          arguments: [input(0), output],
          emit: (f) => emitPool(f, p, way(p, f)),
        },
      ],
    },
  ];
}

/** The mean of a window: its sum, then one division. */
export const mean: Pick<PoolWay, "start" | "combine" | "finish"> = {
  start: [v128.zero],
  combine: ([sum], x) => [f32x4.add(sum!, x)],
  finish: ([sum], [rows, columns]) => f32x4.div(sum!, f32x4.splat(f32.convertI32S(i32.mul(rows, columns)))),
};

function emitPool(f: FunctionBuilder, p: Pool2dSizes, pool: PoolWay): void {
  const { height, width, outHeight, outWidth } = p;
  const pixel = 4 * p.channels;
  const [x, yFirst, begin, end] = f.i32Parameters() as [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];
  // Rows of outputs lie one behind the other, images too.
  const y = f.let(i32.add(yFirst, i32.mul(begin, outWidth * pixel)));
  forRange(f, { from: begin, to: end }, (piece) => {
    const [image, row] = divide(f, piece, outHeight);
    const xImage = f.let(i32.add(x, i32.mul(image, height * width * pixel)));
    const rows = pool.window(0, row ?? f.let(i32.const(0)));
    forRange(f, { to: outWidth }, (ox) => {
      const columns = pool.window(1, ox);
      const first = f.let(i32.add(xImage, i32.mul(i32.add(i32.mul(rows.first, width), columns.first), pixel)));
      forChannels(f, p.channels, (lanes) => {
        emitWindow(f, p, pool, { rows, columns, first, y, lanes });
        const taken = 4 * lanes.reduce((sum, n) => sum + n, 0);
        increment(f, first, taken);
        increment(f, y, taken);
      });
    });
  });
}

/** 16 channels a turn, then 4, then the rest: each with the lanes that its vectors use. */
function forChannels(f: FunctionBuilder, channels: number, turn: (lanes: readonly number[]) => void): void {
  repeatTimes(f, Math.floor(channels / 16), () => turn([4, 4, 4, 4]));
  repeatTimes(f, Math.floor((channels % 16) / 4), () => turn([4]));
  if (channels % 4 > 0) f.scope(() => turn([channels % 4]));
}

interface Window {
  readonly rows: WindowPart;
  readonly columns: WindowPart;
  readonly first: Local<"i32">;
  readonly y: Local<"i32">;
  readonly lanes: readonly number[];
}

function emitWindow(f: FunctionBuilder, p: Pool2dSizes, pool: PoolWay, window: Window): void {
  const { rows, columns, first, y, lanes } = window;
  const { dilation = [1, 1] } = pool;
  const pixel = 4 * p.channels;
  const kept = lanes.map(() => pool.start.map((value) => f.let(value)));
  const row = f.let(first);
  repeatTimes(f, rows.count, () => {
    const at = f.let(row);
    repeatTimes(f, columns.count, () => {
      f.scope(() => {
        const loaded = lanes.map((count, i) => f.let(loadLanes(at, count, 16 * i)));
        for (const [i, x] of loaded.entries()) {
          const combined = pool.combine(kept[i]!, x);
          for (const [k, value] of combined.entries()) f.set(kept[i]![k]!, value);
        }
      });
      increment(f, at, dilation[1] * pixel);
    });
    increment(f, row, dilation[0] * p.width * pixel);
  });
  const results = kept.map((values) => f.let(pool.finish(values, [rows.counted, columns.counted])));
  for (let i = results.length - 1; i >= 0; i--) storeLanes(f, y, results[i]!, lanes[i]!, 16 * i);
}

/**
 * A sliding window along one axis: positions o · stride − padding + k · dilation, of which those from 0 to size − 1 are in the image.
 * `countPadding`: the mean counts those in the padding too, but none behind it.
 */
export function slidingWindow(
  f: FunctionBuilder,
  p: Pool2dProblem,
  axis: 0 | 1,
  o: Local<"i32">,
  countPadding = false,
): WindowPart {
  const size = axis === 0 ? p.height : p.width;
  const [kernel, stride, padding, dilation] = [p.kernel, p.stride, p.padding, p.dilation].map(
    (pair) => pair[axis]!,
  ) as [number, number, number, number];
  const start = f.let(i32.sub(i32.mul(o, stride), padding));
  // k from ⌈−start / dilation⌉, where that is above 0, to ⌈(size − start) / dilation⌉, where that is below the kernel's size.
  const before = f.let(i32.maxS(i32.sub(0, start), 0));
  const from = f.let(i32.divU(i32.add(before, dilation - 1), dilation));
  const inside = f.let(i32.divU(i32.add(i32.sub(size, start), dilation - 1), dilation));
  const to = f.let(i32.minS(inside, kernel));
  const count = f.let(i32.maxS(f.let(i32.sub(to, from)), 0));
  const first = f.let(i32.add(start, i32.mul(from, dilation)));
  const end = f.let(i32.minS(f.let(i32.add(start, kernel)), size + padding));
  return { first, count, counted: countPadding ? i32.sub(end, start) : count };
}
