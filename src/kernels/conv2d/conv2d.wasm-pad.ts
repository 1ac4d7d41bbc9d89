/** The copy of an image with a zero border that conv2d's WebAssembly kernel reads where there is padding. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment, repeatTimes } from "../../asm/loops.ts";
import { f32, i32 } from "../../asm/scalar.ts";
import type { Local } from "../../asm/value.ts";
import { input, scratch } from "../argument.ts";
import type { WasmStage } from "../op.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";
import type { Conv2dGeometry } from "./conv2d.wasm-geometry.ts";

/**
 * x (repeat, H, W, C), or (repeat, C, H, W) where planar, → scratch (repeat, source height, source width, C): what lies behind the last
 * window is left out. A piece: a row.
 */
export function padStage(p: Conv2dProblem, { source }: Pick<Conv2dGeometry, "source">): WasmStage {
  const pixel = p.channels * 4;
  const [above, left] = p.padding;
  // The part of the image that windows touch. There is none where every window lies in the padding.
  const rows = Math.max(0, Math.min(p.height, source.height - above));
  const columns = Math.max(0, Math.min(p.width, source.width - left));
  const right = source.width - left - columns;
  /** `count` pixels from rows of planes. Moves both on, by the pixels. */
  const interleave = (f: FunctionBuilder, from: Local<"i32">, to: Local<"i32">, count: number) => {
    const some = (pixels: number) => {
      for (let i = 0; i < pixels; i++)
        for (let c = 0; c < p.channels; c++)
          f.store(to, f32.load(from, 4 * (c * p.height * p.width + i)), 4 * (i * p.channels + c));
      increment(f, from, 4 * pixels);
      increment(f, to, pixels * pixel);
    };
    repeatTimes(f, Math.floor(count / 4), () => some(4));
    if (count % 4 > 0) some(count % 4);
  };
  return {
    name: "conv2d.pad",
    pieces: (repeats) => repeats * source.height,
    arguments: [input(0), scratch(0)],
    emit: (f) => {
      const [x, paddedFirst, begin, end] = f.i32Parameters() as [
        Local<"i32">,
        Local<"i32">,
        Local<"i32">,
        Local<"i32">,
      ];
      const padded = f.let(i32.add(paddedFirst, i32.mul(begin, source.width * pixel)));
      const zero = (count: number) => {
        if (count > 0) f.memoryFill(padded, 0, count * pixel);
        increment(f, padded, count * pixel);
      };
      forRange(f, { from: begin, to: end }, (piece) => {
        const image = f.let(i32.divU(piece, source.height));
        const row = f.let(i32.sub(i32.sub(piece, i32.mul(image, source.height)), above));
        const copied = () => {
          if (columns === 0) {
            zero(source.width);
            return;
          }
          zero(left);
          if (source.planar) {
            const first = i32.add(i32.mul(image, p.channels * p.height), row);
            interleave(f, f.let(i32.add(x, i32.mul(first, 4 * p.width))), padded, columns);
          } else {
            const first = i32.add(i32.mul(image, p.height), row);
            f.memoryCopy(padded, i32.add(x, i32.mul(first, p.width * pixel)), columns * pixel);
            increment(f, padded, columns * pixel);
          }
          zero(right);
        };
        f.if(i32.ltU(row, rows), copied, () => zero(source.width));
      });
    },
  };
}
