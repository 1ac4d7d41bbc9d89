/** convertLayout in WebAssembly: a transposition of each image, 16 channels at a time. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import type { Local } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { ConvertLayoutProblem } from "./convert-layout.problem.ts";

export const convertLayoutWasm: readonly WasmVariant<ConvertLayoutProblem>[] = [
  {
    id: "convertLayout.wasm",
    sumOrder: "none",
    accepts: () => true,
    layouts: ({ from, to }) => ({ inputs: [from], output: to }),
    stages: (p) => [
      { name: "convertLayout", pieces: repeatPieces, arguments: [input(0), output], emit: (f) => emitConvert(f, p) },
    ],
  },
];

const channelBlock = 16;

function emitConvert(f: FunctionBuilder, { channels, positions, from, to }: ConvertLayoutProblem): void {
  const imageBytes = 4 * channels * positions;
  const [x, y, repeats] = repeatParameters(f, [imageBytes, imageBytes]) as [Local<"i32">, Local<"i32">, Local<"i32">];
  if (from === to || channels === 1 || positions === 1) {
    f.memoryCopy(y, x, i32.mul(repeats, imageBytes));
    return;
  }
  // Number (c, p) is at c · positions + p of `planes` and at p · channels + c of `pixels`; one of them is read, the other written.
  const [planes, pixels] = from === "nchw" ? [x, y] : [y, x];
  const emitBlock = (count: number) => {
    const plane = f.let(planes);
    const pixel = f.let(pixels);
    const [source, target] = from === "nchw" ? [plane, pixel] : [pixel, plane];
    repeatTimes(f, positions, () => {
      for (let c = 0; c < count; c++) {
        const [inPlanes, inPixels] = [4 * c * positions, 4 * c];
        const [offset, targetOffset] = from === "nchw" ? [inPlanes, inPixels] : [inPixels, inPlanes];
        // As i32: the bits are copied, whatever number they are.
        f.store(target, i32.load(source, offset), targetOffset);
      }
      increment(f, plane, 4);
      increment(f, pixel, 4 * channels);
    });
    increment(f, planes, 4 * count * positions);
    increment(f, pixels, 4 * count);
  };
  repeatTimes(f, repeats, () => {
    repeatTimes(f, Math.floor(channels / channelBlock), () => emitBlock(channelBlock));
    if (channels % channelBlock > 0) f.scope(() => emitBlock(channels % channelBlock));
    increment(f, pixels, 4 * channels * (positions - 1));
  });
}
