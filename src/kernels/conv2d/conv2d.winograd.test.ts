import { expect, test } from "vitest";
import { hashSigned } from "../../../test/support/hash-fill.ts";
import { kernelTransform, type Winograd, winograd2, winograd4 } from "./conv2d.winograd.ts";

type Matrix = readonly (readonly number[])[];

const transpose = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));

function tile(w: Winograd, d: Matrix, g: readonly number[]): Matrix {
  const u = new Float64Array(w.inputs ** 2);
  kernelTransform(w)(g, 0, u);
  const v = product(product(w.input, d), transpose(w.input));
  const m = v.map((row, i) => row.map((x, j) => x * u[i * w.inputs + j]!));
  return product(product(w.output, m), transpose(w.output));
}

test.each([
  ["F(2x2, 3x3)", winograd2],
  ["F(4x4, 3x3)", winograd4],
] as const)("%s gives the definition's numbers", (_, w) => {
  const numbers = [...hashSigned("winograd", w.inputs ** 2 + 9)];
  const d = Array.from({ length: w.inputs }, (_row, i) => numbers.slice(i * w.inputs, (i + 1) * w.inputs));
  const g = numbers.slice(-9);
  const y = tile(w, d, g);
  expect(y).toHaveLength(w.outputs);
  for (let i = 0; i < w.outputs; i++)
    for (let j = 0; j < w.outputs; j++) {
      let expected = 0;
      for (let k = 0; k < 9; k++) expected += g[k]! * d[i + Math.floor(k / 3)]![j + (k % 3)]!;
      expect(y[i]![j]!).toBeCloseTo(expected, 12);
    }
});
