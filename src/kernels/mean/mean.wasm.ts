/** mean in WebAssembly: one number after the other, summed in float64. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { f32, f64 } from "../../asm/scalar.ts";
import type { Local } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { forOuterDims } from "../wasm/nest.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { MeanProblem, Walk } from "./mean.problem.ts";

export const meanWasm: readonly WasmVariant<MeanProblem>[] = [
  {
    id: "mean.wasm-float64",
    sumOrder: "row-major, in float64",
    accepts: () => true,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    stages: (p) => [{ name: "mean", pieces: repeatPieces, arguments: [input(0), output], emit: (f) => emitMean(f, p) }],
  },
];

/** y[i] = Σ x / count over `averaged`, from where `kept` puts i */
function emitMean(f: FunctionBuilder, p: MeanProblem): void {
  const bytes = [4 * p.elements * p.count, 4 * p.elements];
  const [x, y, repeats] = repeatParameters(f, bytes) as [Local<"i32">, Local<"i32">, Local<"i32">];
  repeatTimes(f, repeats, () => {
    const kept = f.let(x);
    forEach(f, p.kept, kept, () => {
      const sum = f.let(f64.const(0));
      const at = f.let(kept);
      forEach(f, p.averaged, at, () => f.set(sum, f64.add(sum, f64.promoteF32(f32.load(at)))));
      f.store(y, f32.demoteF64(f64.div(sum, p.count)));
      increment(f, y, 4);
    });
    increment(f, x, 4 * p.elements * p.count);
  });
}

/** Runs the body with `address` at each number of the walk, row-major. */
function forEach(f: FunctionBuilder, { shape, strides }: Walk, address: Local<"i32">, body: () => void): void {
  forOuterDims(f, shape, [{ address, strides }], (size) =>
    repeatTimes(f, size, () => {
      body();
      increment(f, address, 4 * (strides.at(-1) ?? 0));
    }),
  );
}
