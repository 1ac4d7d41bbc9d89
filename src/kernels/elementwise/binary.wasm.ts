/** Binary element-wise ops in WebAssembly: one nest of loops, with broadcasting, around an expression of four lanes. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import type { I32Operand, Local, V128 } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmStage, WasmVariant } from "../op.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { forLanes, forOuterDims } from "../wasm/nest.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { BinaryProblem } from "./elementwise.problem.ts";

/** f(a, b) on four lanes: an expression, which may make locals with `f.let`. Lanes behind a row's end are 0 and thrown away. */
export type BinaryLanes = (a: Local<"v128">, b: Local<"v128">, f: FunctionBuilder) => V128;

export function binaryWasm(name: string, lanes: BinaryLanes): readonly WasmVariant<BinaryProblem>[] {
  return [
    {
      id: `${name}.wasm-lanes`,
      sumOrder: "none",
      accepts: () => true,
      layouts: (p) => (p.sameShape ? "any" : { inputs: ["nchw", "nchw"], output: "nchw" }),
      stages: (p) => [stage(name, p, lanes)],
    },
  ];
}

function stage(name: string, p: BinaryProblem, lanes: BinaryLanes): WasmStage {
  return {
    name,
    pieces: repeatPieces,
    arguments: [input(0), input(1), output],
    emit: (f) => {
      const bytes = [...p.sizes.map((size, i) => (p.walks[i] ? 4 * size : 0)), 4 * p.elements];
      const [a, b, y, repeats] = repeatParameters(f, bytes) as [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];
      // Along the last dimension of the problem an operand's numbers are neighbours, or one number serves them all.
      const row = (count: I32Operand, [stepA, stepB]: readonly [number, number]) => {
        const moving = [...(stepA === 0 ? [] : [a]), ...(stepB === 0 ? [] : [b]), y];
        const load = (address: Local<"i32">, step: number, n: number) =>
          f.let(step === 0 ? v128.load32Splat(address) : loadLanes(address, n));
        forLanes(f, count, moving, (n) => storeLanes(f, y, lanes(load(a, stepA, n), load(b, stepB, n), f), n));
      };
      const steps = [p.strides[0].at(-1)!, p.strides[1].at(-1)!] as const;
      const flat = p.shape.length === 1 && steps.every((step) => step === 1) && p.walks.every((walks) => walks);
      if (flat) {
        row(f.let(i32.mul(repeats, p.elements)), steps);
        return;
      }
      const operands = [a, b].map((address, i) => ({ address, strides: p.strides[i as 0 | 1] }));
      repeatTimes(f, repeats, () => {
        // y is written from first to last and so moves by itself.
        forOuterDims(f, p.shape, operands, (size) => row(size, steps));
        for (const [i, { address, strides }] of operands.entries()) {
          const moved = p.shape[0]! * strides[0]!;
          increment(f, address, 4 * ((p.walks[i] ? p.sizes[i as 0 | 1] : 0) - moved));
        }
      });
    },
  };
}
