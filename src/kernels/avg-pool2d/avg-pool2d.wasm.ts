/** avgPool2d in WebAssembly, NHWC. */
import { f32, i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { WasmVariant } from "../op.ts";
import { poolStage, slidingWindow } from "../pool2d/pool2d.wasm.ts";
import type { AvgPool2dProblem } from "./avg-pool2d.problem.ts";

export const avgPool2dWasm: readonly WasmVariant<AvgPool2dProblem>[] = [
  {
    id: "avgPool2d.wasm-nhwc",
    sumOrder: "ky, kx",
    accepts: () => true,
    layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
    stages: (p) => [
      poolStage(
        "avgPool2d",
        (f) => ({
          channels: p.channels,
          size: [p.height, p.width],
          outSize: [p.outHeight, p.outWidth],
          dilation: p.dilation,
          window: (axis, o) => slidingWindow(f, p, axis, o, p.countIncludePad),
          start: [v128.zero],
          combine: ([sum], x) => [f32x4.add(sum!, x)],
          finish: ([sum], [rows, columns]) => f32x4.div(sum!, f32x4.splat(f32.convertI32S(i32.mul(rows, columns)))),
        }),
        p.outHeight,
      ),
    ],
  },
];
