/** adaptiveAvgPool2d in WebAssembly, NHWC. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { f32, i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { Local } from "../../asm/value.ts";
import type { WasmVariant } from "../op.ts";
import { poolStage, type WindowPart } from "../pool2d/pool2d.wasm.ts";
import type { AdaptiveAvgPool2dProblem } from "./adaptive-avg-pool2d.problem.ts";

export const adaptiveAvgPool2dWasm: readonly WasmVariant<AdaptiveAvgPool2dProblem>[] = [
  {
    id: "adaptiveAvgPool2d.wasm-nhwc",
    sumOrder: "ky, kx",
    accepts: () => true,
    layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
    stages: (p) => [
      poolStage(
        "adaptiveAvgPool2d",
        (f) => ({
          channels: p.channels,
          size: [p.height, p.width],
          outSize: [p.outHeight, p.outWidth],
          dilation: [1, 1],
          window: (axis, o) =>
            axis === 0 ? adaptiveBin(f, o, p.height, p.outHeight) : adaptiveBin(f, o, p.width, p.outWidth),
          start: [v128.zero],
          combine: ([sum], x) => [f32x4.add(sum!, x)],
          finish: ([sum], [rows, columns]) => f32x4.div(sum!, f32x4.splat(f32.convertI32S(i32.mul(rows, columns)))),
        }),
        p.outHeight,
      ),
    ],
  },
];

/** Positions ⌊o · size / outSize⌋ to ⌈(o + 1) · size / outSize⌉, the end excluded. */
function adaptiveBin(f: FunctionBuilder, o: Local<"i32">, size: number, outSize: number): WindowPart {
  const first = f.let(i32.divU(i32.mul(o, size), outSize));
  const end = i32.divU(i32.add(i32.mul(i32.add(o, 1), size), outSize - 1), outSize);
  const count = f.let(i32.sub(end, first));
  return { first, count, counted: count };
}
