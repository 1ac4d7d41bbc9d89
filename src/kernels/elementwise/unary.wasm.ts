/** Unary element-wise ops in WebAssembly: one loop over a flat run of numbers around an expression of four lanes. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { i32 } from "../../asm/scalar.ts";
import type { Local, V128 } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { loadLanes, storeLanes } from "../wasm/lanes.ts";
import { forLanes } from "../wasm/nest.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { UnaryProblem } from "./elementwise.problem.ts";

/** f(x) on four lanes: an expression of `x`, which may make locals with `f.let`. Lanes behind a row's end are 0 and thrown away. */
export type UnaryLanes = (x: Local<"v128">, f: FunctionBuilder) => V128;

export function unaryWasm(name: string, lanes: UnaryLanes): readonly WasmVariant<UnaryProblem>[] {
  return [
    {
      id: `${name}.wasm-lanes`,
      sumOrder: "none",
      accepts: () => true,
      layouts: () => "any",
      stages: ({ elements }) => [
        {
          name,
          pieces: repeatPieces,
          arguments: [input(0), output],
          emit: (f) => {
            const bytes = 4 * elements;
            const [x, y, repeats] = repeatParameters(f, [bytes, bytes]) as [Local<"i32">, Local<"i32">, Local<"i32">];
            const count = f.let(i32.mul(repeats, elements));
            forLanes(f, count, [x, y], (n) => storeLanes(f, y, lanes(f.let(loadLanes(x, n)), f), n));
          },
        },
      ],
    },
  ];
}
