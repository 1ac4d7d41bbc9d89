/** linear in WebAssembly: four rows at a time by panels of 8 outputs, packed as convolutions' weights are. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import type { Local } from "../../asm/value.ts";
import { constant, input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { emitGemmTile, forRows, multiplyAdd } from "../wasm/gemm-tile.ts";
import { storeLanes } from "../wasm/lanes.ts";
import { type Panel, panelElements, panelsElements, panelsOf, writePanels } from "../wasm/panels.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { LinearProblem } from "./linear.problem.ts";

function panels(fused: boolean): WasmVariant<LinearProblem> {
  return {
    id: fused ? "linear.wasm-panels-fused" : "linear.wasm-panels",
    sumOrder: fused ? "bias, k; fused" : "bias, k",
    accepts: (_, { relaxedSimd }) => !fused || relaxedSimd || "this engine has no fused multiply-add",
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    constants: ({ depth, outFeatures, bias }) => [
      {
        operands: bias ? [1, 2] : [1],
        elements: panelsElements(panelsOf(outFeatures), depth),
        write: ([weight, biases], out) =>
          writePanels(out, { panels: panelsOf(outFeatures), weight: weight!, bias: biases, depth }),
      },
    ],
    stages: (p) => [
      {
        name: "linear",
        pieces: repeatPieces,
        arguments: [input(0), constant(0), output],
        emit: (f) => emitLinear(f, p, fused),
      },
    ],
  };
}

/** In order of preference. They differ in rounding: a fused multiply-add rounds once. */
export const linearWasm: readonly WasmVariant<LinearProblem>[] = [panels(true), panels(false)];

/** x (repeat · rows, K) → y (repeat · rows, O). Panels outside, rows inside: each weight is read from memory once. */
function emitLinear(f: FunctionBuilder, { rows, depth, outFeatures }: LinearProblem, fused: boolean): void {
  const bytes = [4 * rows * depth, 0, 4 * rows * outFeatures];
  const [x, weights, y, repeats] = repeatParameters(f, bytes) as [
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
  ];
  const count = f.let(i32.mul(repeats, rows));
  const { count: fullPanels, full, tail } = panelsOf(outFeatures);
  const emitPanel = (panel: Panel) => {
    const xRow = f.let(x);
    const yRow = f.let(y);
    forRows(f, count, (tileRows) => {
      const sums = emitGemmTile(f, {
        rows: tileRows,
        columns: panel.columns,
        depth: { run: depth, loops: [] },
        a: { first: f.let(xRow), pitch: 4 * depth },
        b: { first: f.let(i32.add(weights, 4 * panel.width)), pitch: 4 * panel.width, padded: true },
        start: (quad) => v128.load(weights, 16 * quad),
        multiplyAdd: multiplyAdd(fused),
      });
      sums.forEach((sumsOfRow, r) => {
        sumsOfRow.forEach((sum, quad) => {
          storeLanes(f, yRow, sum, Math.min(4, panel.columns - 4 * quad), 4 * r * outFeatures + 16 * quad);
        });
      });
      increment(f, xRow, 4 * tileRows * depth);
      increment(f, yRow, 4 * tileRows * outFeatures);
    });
    increment(f, weights, 4 * panelElements(panel, depth));
    increment(f, y, 4 * panel.columns);
  };
  repeatTimes(f, fullPanels, () => emitPanel(full));
  if (tail) f.scope(() => emitPanel(tail));
}
