/** maxPool2d in WebAssembly, NHWC. */
import { f32x4 } from "../../asm/simd.ts";
import type { WasmVariant } from "../op.ts";
import { poolStage, slidingWindow } from "../pool2d/pool2d.wasm.ts";
import type { MaxPool2dProblem } from "./max-pool2d.problem.ts";

export const maxPool2dWasm: readonly WasmVariant<MaxPool2dProblem>[] = [
  {
    id: "maxPool2d.wasm-nhwc",
    sumOrder: "none",
    accepts: () => true,
    layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
    stages: (p) => [
      poolStage(
        "maxPool2d",
        (f) => ({
          channels: p.channels,
          size: [p.height, p.width],
          outSize: [p.outHeight, p.outWidth],
          dilation: p.dilation,
          window: (axis, o) => slidingWindow(f, p, axis, o),
          start: f32x4.const(Number.NEGATIVE_INFINITY),
          // Not pmax: NaN must win from either side.
          combine: f32x4.max,
          finish: (max) => max,
        }),
        p.outHeight,
      ),
    ],
  },
];
