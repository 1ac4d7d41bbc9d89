/** The copy of an image with a zero border that conv2d's WebAssembly kernel reads where there is padding. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import type { Local } from "../../asm/value.ts";
import { input, scratch } from "../argument.ts";
import type { WasmStage } from "../op.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";
import type { Conv2dGeometry } from "./conv2d.wasm-geometry.ts";

/** x (repeat, H, W, C) → scratch (repeat, source height, source width, C): what lies behind the last window is left out. */
export function padStage(p: Conv2dProblem, { source }: Conv2dGeometry): WasmStage {
  const pixel = p.channels * 4;
  const [above, left] = p.padding;
  // The part of the image that windows touch. There is none where every window lies in the padding.
  const rows = Math.max(0, Math.min(p.height, source.height - above));
  const columns = Math.max(0, Math.min(p.width, source.width - left));
  const emitImage = (f: FunctionBuilder, x: Local<"i32">, padded: Local<"i32">) => {
    const zero = (bytes: number) => {
      if (bytes > 0) f.memoryFill(padded, 0, bytes);
      increment(f, padded, bytes);
    };
    if (rows === 0 || columns === 0) {
      zero(source.height * source.width * pixel);
      return;
    }
    const from = f.let(x);
    const copyRow = () => {
      f.memoryCopy(padded, from, columns * pixel);
      increment(f, padded, columns * pixel);
      increment(f, from, p.width * pixel);
    };
    const right = source.width - left - columns;
    zero((above * source.width + left) * pixel);
    repeatTimes(f, rows - 1, () => {
      copyRow();
      zero((right + left) * pixel); // the right border of a row and the left one of the next lie together
    });
    copyRow();
    zero((right + (source.height - above - rows) * source.width) * pixel);
  };
  return {
    name: "conv2d.pad",
    pieces: repeatPieces,
    arguments: [input(0), scratch(0)],
    emit: (f) => {
      const bytes = [p.height * p.width * pixel, source.height * source.width * pixel];
      const [x, padded, repeats] = repeatParameters(f, bytes) as [Local<"i32">, Local<"i32">, Local<"i32">];
      repeatTimes(f, repeats, () => {
        emitImage(f, x, padded);
        increment(f, x, p.height * p.width * pixel);
      });
    },
  };
}
