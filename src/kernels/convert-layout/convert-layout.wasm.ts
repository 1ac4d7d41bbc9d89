/** convertLayout in WebAssembly: a transposition of each image, 16 channels at a time. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import type { I32, Local } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { divide } from "../wasm/row-tiles.ts";
import type { ConvertLayoutProblem } from "./convert-layout.problem.ts";

export const convertLayoutWasm: readonly WasmVariant<ConvertLayoutProblem>[] = [
  {
    id: "convertLayout.wasm",
    sumOrder: "none",
    accepts: () => true,
    layouts: ({ from, to }) => ({ inputs: [from], output: to }),
    borders: ({ from }) => ({ reads: from === "nhwc", writes: false }),
    stages: (p) => {
      const { blocks } = blocksOf(p);
      return [
        {
          name: "convertLayout",
          pieces: (repeats) => repeats * blocks,
          arguments: [input(0), output],
          emit: (f) => emitConvert(f, p),
        },
      ];
    },
  },
];

const channelBlock = 16;
/** What a piece should move at least. */
const pieceBytes = 64 * 1024;

/** The positions of an image in pieces: its lines, where these lie apart. */
function blocksOf({ channels, positions, lines }: ConvertLayoutProblem): { blocks: number; perBlock: number } {
  if (lines) return { perBlock: lines.width, blocks: positions / lines.width };
  const wanted = Math.ceil((4 * channels * positions) / pieceBytes);
  const perBlock = Math.ceil(positions / Math.min(positions, wanted));
  return { perBlock, blocks: Math.ceil(positions / perBlock) };
}

function emitConvert(f: FunctionBuilder, p: ConvertLayoutProblem): void {
  const { channels, positions, from, to } = p;
  const { blocks, perBlock } = blocksOf(p);
  const imageBytes = 4 * channels * positions;
  const [x, y, begin, end] = f.i32Parameters() as [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];
  // Number (c, p) is at c · positions + p of `planes` and at p · channels + c of `pixels`; one of them is read, the other written.
  const [planes, pixels] = from === "nchw" ? [x, y] : [y, x];
  const same = !p.lines && (from === to || channels === 1 || positions === 1);
  forRange(f, { from: begin, to: end }, (piece) => {
    const [image, block] = divide(f, piece, blocks);
    const first = f.let(block ? i32.mul(block, perBlock) : i32.const(0));
    const left = f.let(i32.sub(positions, first));
    const count = f.let(i32.minS(left, perBlock));
    const pixel = pixelBytes(p, image, first, block);
    if (same) {
      const offset = f.let(pixel);
      f.memoryCopy(i32.add(y, offset), i32.add(x, offset), i32.mul(count, 4 * channels));
      return;
    }
    const plane = i32.add(i32.mul(image, imageBytes), i32.mul(first, 4));
    const cursors = { planes: f.let(i32.add(planes, plane)), pixels: f.let(i32.add(pixels, pixel)), count };
    repeatTimes(f, Math.floor(channels / channelBlock), () => emitChannels(f, p, cursors, channelBlock));
    if (channels % channelBlock > 0) f.scope(() => emitChannels(f, p, cursors, channels % channelBlock));
  });
}

/** From the first number in NHWC to position `first`, that block's, of an image. */
function pixelBytes({ channels, positions, lines }: ConvertLayoutProblem, image: I32, first: I32, block?: I32): I32 {
  if (!lines) return i32.add(i32.mul(image, 4 * channels * positions), i32.mul(first, 4 * channels));
  const { height, width, origin } = lines.extent;
  const line = i32.add(i32.mul(image, 4 * channels * height * width), 4 * channels * origin);
  return block ? i32.add(line, i32.mul(block, 4 * channels * width)) : line;
}

interface Cursors {
  readonly planes: Local<"i32">;
  readonly pixels: Local<"i32">;
  /** Positions. */
  readonly count: Local<"i32">;
}

/** `taken` channels of some positions; then moves on to the next channels. */
function emitChannels(f: FunctionBuilder, p: ConvertLayoutProblem, at: Cursors, taken: number): void {
  const { channels, positions, from } = p;
  const plane = f.let(at.planes);
  const pixel = f.let(at.pixels);
  const [source, target] = from === "nchw" ? [plane, pixel] : [pixel, plane];
  repeatTimes(f, at.count, () => {
    for (let c = 0; c < taken; c++) {
      const [inPlanes, inPixels] = [4 * c * positions, 4 * c];
      const [offset, targetOffset] = from === "nchw" ? [inPlanes, inPixels] : [inPixels, inPlanes];
      // As i32: the bits are copied, whatever number they are.
      f.store(target, i32.load(source, offset), targetOffset);
    }
    increment(f, plane, 4);
    increment(f, pixel, 4 * channels);
  });
  increment(f, at.planes, 4 * taken * positions);
  increment(f, at.pixels, 4 * taken);
}
