/** adaptiveAvgPool2d in WebAssembly, NHWC. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { i32 } from "../../asm/scalar.ts";
import type { Local } from "../../asm/value.ts";
import { mean, poolWasm, type WindowPart } from "../pool2d/pool2d.wasm.ts";
import type { AdaptiveAvgPool2dProblem } from "./adaptive-avg-pool2d.problem.ts";

export const adaptiveAvgPool2dWasm = poolWasm<AdaptiveAvgPool2dProblem>("adaptiveAvgPool2d", "ky, kx", (p, f) => ({
  ...mean,
  window: (axis, o) => (axis === 0 ? adaptiveBin(f, o, p.height, p.outHeight) : adaptiveBin(f, o, p.width, p.outWidth)),
}));

/** Positions ⌊o · size / outSize⌋ to ⌈(o + 1) · size / outSize⌉, the end excluded. */
function adaptiveBin(f: FunctionBuilder, o: Local<"i32">, size: number, outSize: number): WindowPart {
  const first = f.let(i32.divU(i32.mul(o, size), outSize));
  const end = i32.divU(i32.add(i32.mul(i32.add(o, 1), size), outSize - 1), outSize);
  const count = f.let(i32.sub(end, first));
  return { first, count, counted: count };
}
