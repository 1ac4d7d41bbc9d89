/** batchNorm in WebAssembly: with constant statistics it is y = x · scale + shift for each channel. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { Local, V128 } from "../../asm/value.ts";
import type { FloatArray } from "../../tensor/dtype.ts";
import { constant, input, output } from "../argument.ts";
import type { Layout, PackedConstant, WasmVariant } from "../op.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { forLanes } from "../wasm/nest.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { BatchNormProblem } from "./batch-norm.problem.ts";

export const batchNormWasm: readonly WasmVariant<BatchNormProblem>[] = [
  {
    id: "batchNorm.wasm-scale-shift",
    sumOrder: "x · scale + shift",
    accepts: () => true,
    layouts: () => "any",
    constants: (p) => [scaleAndShift(p)],
    stages: (p, layout) => [
      {
        name: "batchNorm",
        pieces: repeatPieces,
        arguments: [input(0), constant(0), output],
        emit: (f) => emitBatchNorm(f, p, layout),
      },
    ],
  },
];

/** [scale of each channel][shift of each channel]: scale = weight / √(variance + eps), shift = bias − mean · scale, in float64. */
function scaleAndShift({ channels, eps }: BatchNormProblem): PackedConstant {
  const write = ([mean, variance, weight, bias]: readonly FloatArray[], out: Float32Array) => {
    for (let c = 0; c < channels; c++) {
      const scale = weight![c]! / Math.sqrt(variance![c]! + eps);
      out[c] = scale;
      out[channels + c] = bias![c]! - mean![c]! * scale;
    }
  };
  return { operands: [1, 2, 3, 4], elements: 2 * channels, recipe: `eps ${eps}`, write };
}

function emitBatchNorm(f: FunctionBuilder, p: BatchNormProblem, layout: Layout): void {
  const bytes = 4 * p.channels * p.positions;
  const [x, constants, y, repeats] = repeatParameters(f, [bytes, 0, bytes]) as [
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
  ];
  const shiftOffset = 4 * p.channels;
  const apply = (lanes: number, scale: V128, shift: V128) =>
    storeLanes(f, y, f32x4.add(f32x4.mul(loadLanes(x, lanes), scale), shift), lanes);
  if (layout === "nhwc" || p.positions === 1) {
    // x (repeat · positions, C)
    repeatTimes(f, i32.mul(repeats, p.positions), () => {
      const scale = f.let(constants);
      forLanes(f, p.channels, [x, y, scale], (lanes) =>
        apply(lanes, loadLanes(scale, lanes), loadLanes(scale, lanes, shiftOffset)),
      );
    });
  } else {
    // x (repeat, C, positions)
    repeatTimes(f, repeats, () => {
      const channel = f.let(constants);
      repeatTimes(f, p.channels, () => {
        const scale = f.let(v128.load32Splat(channel));
        const shift = f.let(v128.load32Splat(channel, shiftOffset));
        forLanes(f, p.positions, [x, y], (lanes) => apply(lanes, scale, shift));
        increment(f, channel, 4);
      });
    });
  }
}
