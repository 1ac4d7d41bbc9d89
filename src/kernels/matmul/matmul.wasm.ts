/** matmul in WebAssembly: four rows of a at a time by 8 columns of b, which is read where it lies. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import type { I32, Local } from "../../asm/value.ts";
import { input, output } from "../argument.ts";
import type { WasmVariant } from "../op.ts";
import { emitGemmTile, forRows, multiplyAdd } from "../wasm/gemm-tile.ts";
import { storeLanes } from "../wasm/lanes.ts";
import { repeatParameters, repeatPieces } from "../wasm/pieces.ts";
import type { MatmulProblem } from "./matmul.problem.ts";

function columns(fused: boolean): WasmVariant<MatmulProblem> {
  return {
    id: fused ? "matmul.wasm-columns-fused" : "matmul.wasm-columns",
    sumOrder: fused ? "k; fused" : "k",
    accepts: (_, { relaxedSimd }) => !fused || relaxedSimd || "this engine has no fused multiply-add",
    layouts: () => ({ inputs: ["nchw", "nchw"], output: "nchw" }),
    stages: (p) => [
      {
        name: "matmul",
        pieces: repeatPieces,
        arguments: [input(0), input(1), output],
        emit: (f) => emitMatmul(f, p, fused),
      },
    ],
  };
}

/** In order of preference. They differ in rounding: a fused multiply-add rounds once. */
export const matmulWasm: readonly WasmVariant<MatmulProblem>[] = [columns(true), columns(false)];

/** a (repeat, matrices, M, K) · b (repeat, matrices, K, N) → y (repeat, matrices, M, N), where an operand may stay for all repeats. */
function emitMatmul(f: FunctionBuilder, p: MatmulProblem, fused: boolean): void {
  const sizes = { a: 4 * p.rows * p.depth, b: 4 * p.depth * p.columns, y: 4 * p.rows * p.columns };
  const bytes = [p.walks[0] ? sizes.a : 0, p.walks[1] ? sizes.b : 0, sizes.y].map((size) => size * p.matrices);
  const [a, b, y, repeats] = repeatParameters(f, bytes) as [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];
  if (p.matrices === 1 && p.walks[0] && !p.walks[1]) {
    // One b for all repeats: their rows are one matrix.
    emitMatrix(f, p, fused, { a, b, y, rows: f.let(i32.mul(repeats, p.rows)) });
    return;
  }
  repeatTimes(f, repeats, () => {
    repeatTimes(f, p.matrices, () => {
      emitMatrix(f, p, fused, { a, b, y, rows: f.let(i32.const(p.rows)) });
      increment(f, a, sizes.a);
      increment(f, b, sizes.b);
      increment(f, y, sizes.y);
    });
    if (!p.walks[0]) increment(f, a, -sizes.a * p.matrices);
    if (!p.walks[1]) increment(f, b, -sizes.b * p.matrices);
  });
}

interface Matrix {
  readonly a: Local<"i32">;
  readonly b: Local<"i32">;
  readonly y: Local<"i32">;
  readonly rows: I32;
}

/** y[row][column] = Σ a[row][k] · b[k][column] */
function emitMatrix(f: FunctionBuilder, p: MatmulProblem, fused: boolean, matrix: Matrix): void {
  const bColumn = f.let(matrix.b);
  const yColumn = f.let(matrix.y);
  const emitColumns = (count: number) => {
    const aRow = f.let(matrix.a);
    const yRow = f.let(yColumn);
    forRows(f, matrix.rows, (tileRows) => {
      const sums = emitGemmTile(f, {
        rows: tileRows,
        columns: count,
        depth: { run: p.depth, loops: [] },
        a: { first: f.let(aRow), pitch: 4 * p.depth },
        b: { first: f.let(bColumn), pitch: 4 * p.columns, padded: false },
        start: () => v128.zero,
        multiplyAdd: multiplyAdd(fused),
      });
      sums.forEach((sumsOfRow, r) => {
        sumsOfRow.forEach((sum, quad) => {
          storeLanes(f, yRow, sum, Math.min(4, count - 4 * quad), 4 * r * p.columns + 16 * quad);
        });
      });
      increment(f, aRow, 4 * tileRows * p.depth);
      increment(f, yRow, 4 * tileRows * p.columns);
    });
    increment(f, bColumn, 4 * count);
    increment(f, yColumn, 4 * count);
  };
  repeatTimes(f, Math.floor(p.columns / 8), () => emitColumns(8));
  if (p.columns % 8 > 0) f.scope(() => emitColumns(p.columns % 8));
}
