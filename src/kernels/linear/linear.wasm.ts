/** linear in WebAssembly: four rows at a time by panels of outputs, packed as convolutions' weights are. A piece: a panel, for all rows. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import type { Local } from "../../asm/value.ts";
import { constant, input, output, repeat } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { emitGemmTile, forRows, type MultiplyAdd, multiplyAdd } from "../wasm/gemm-tile.ts";
import { storeLanes } from "../wasm/lanes.ts";
import {
  type Panel,
  type Panels,
  panelElements,
  panelsElements,
  panelsOf,
  panelWidth,
  writePanels,
} from "../wasm/panels.ts";
import type { LinearProblem } from "./linear.problem.ts";

function panels(fused: boolean): WasmVariant<LinearProblem> {
  return {
    id: fused ? "linear.wasm-panels-fused" : "linear.wasm-panels",
    sumOrder: fused ? "bias, k; fused" : "bias, k",
    accepts: (_, { relaxedSimd }) => !fused || relaxedSimd || "this engine has no fused multiply-add",
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    constants: ({ depth, outFeatures, bias }, { simd }) => {
      const panels = panelsOf(outFeatures, panelWidth(simd));
      return [
        {
          operands: bias ? [1, 2] : [1],
          elements: panelsElements(panels, depth),
          recipe: `panels of ${panels.full.width}`,
          write: ([weight, biases], out) => writePanels(out, { panels, weight: weight!, bias: biases, depth }),
        },
      ];
    },
    stages: (p, _, { simd }) => {
      const panels = panelsOf(p.outFeatures, panelWidth(simd));
      return [
        {
          name: "linear",
          pieces: () => panels.count + (panels.tail ? 1 : 0),
          arguments: [input(0), constant(0), output, repeat],
          emit: (f) => emitLinear(f, p, panels, multiplyAdd(fused)),
        },
      ];
    },
  };
}

/** In order of preference. They differ in rounding: a fused multiply-add rounds once. */
export const linearWasm: readonly WasmVariant<LinearProblem>[] = [panels(true), panels(false)];

type I32 = Local<"i32">;
type Parameters = [x: I32, weights: I32, y: I32, repeats: I32, begin: I32, end: I32];

/** x (repeat · rows, K) → y (repeat · rows, O). Panels outside, rows inside: each weight is read from memory once. */
function emitLinear(f: FunctionBuilder, p: LinearProblem, { count, full, tail }: Panels, madd: MultiplyAdd): void {
  const { rows, depth, outFeatures } = p;
  const [x, weights, y, repeats, begin, end] = f.i32Parameters() as Parameters;
  const rowCount = f.let(i32.mul(repeats, rows));
  increment(f, weights, i32.mul(begin, 4 * panelElements(full, depth)));
  increment(f, y, i32.mul(begin, 4 * full.width));
  const emitPanel = (panel: Panel) => {
    const xRow = f.let(x);
    const yRow = f.let(y);
    forRows(f, rowCount, (tileRows) => {
      const sums = emitGemmTile(f, {
        rows: tileRows,
        columns: panel.columns,
        depth: { run: depth, loops: [] },
        a: { first: f.let(xRow), pitch: 4 * depth },
        b: { first: f.let(i32.add(weights, 4 * panel.width)), pitch: 4 * panel.width, padded: true },
        start: (quad) => v128.load(weights, 16 * quad),
        multiplyAdd: madd,
      });
      sums.forEach((sumsOfRow, r) => {
        // The high half of a pair first: so V8 packs the two.
        for (let quad = sumsOfRow.length - 1; quad >= 0; quad--) {
          const lanes = Math.min(4, panel.columns - 4 * quad);
          storeLanes(f, yRow, sumsOfRow[quad]!, lanes, 4 * r * outFeatures + 16 * quad);
        }
      });
      increment(f, xRow, 4 * tileRows * depth);
      increment(f, yRow, 4 * tileRows * outFeatures);
    });
    increment(f, weights, 4 * panelElements(panel, depth));
    increment(f, y, 4 * panel.columns);
  };
  forRange(f, { from: begin, to: f.let(i32.minS(end, count)) }, () => emitPanel(full));
  if (tail) f.if(i32.gtS(end, count), () => emitPanel(tail));
}
