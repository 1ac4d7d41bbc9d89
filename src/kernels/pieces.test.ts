/**
 * What every WebAssembly kernel must be deaf to: how its pieces are dealt out (in any order, one at a time, to any thread), how many
 * threads and repeats there are, whether vectors have 128 or 256 bits, whether the output lies where an operand did. The bits are the same, and variants of one sumOrder have the same.
 */
import { describe, expect, test } from "vitest";
import { expectSameBits } from "../../test/support/compare.ts";
import { batchedCase } from "../../test/support/op-graph.ts";
import { type Dealing, type KernelCase, WasmStages } from "../../test/support/wasm-stages.ts";
import { probeWasm } from "../backends/wasm/wasm-capabilities.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Conv2dAttrs } from "./conv2d/conv2d.problem.ts";
import type { OpCase, WasmCapabilities } from "./op.ts";
import { type OpName, opOf, table } from "./table.ts";

const base: WasmCapabilities = { relaxedSimd: probeWasm().relaxedSimd, simd: 128, threads: 1 };

const together: Dealing = (pieces) => [{ thread: 0, begin: 0, end: pieces }];
/** The last first, each alone. */
const reversed: Dealing = (pieces) =>
  Array.from({ length: pieces }, (_, i) => ({ thread: 0, begin: pieces - 1 - i, end: pieces - i }));
/** Runs of one to three in turn to two threads, the second of which begins at the end. */
const interleaved: Dealing = (pieces) => {
  const runs: { begin: number; end: number }[] = [];
  for (let begin = 0; begin < pieces; begin += (runs.length % 3) + 1)
    runs.push({ begin, end: Math.min(pieces, begin + ((runs.length + 1) % 3) + 1) });
  const half = Math.ceil(runs.length / 2);
  return runs.flatMap((_, i) => {
    const run = i % 2 === 0 ? runs[i / 2] : runs[half + (i - 1) / 2];
    return run ? [{ thread: (i % 2) as 0 | 1, ...run }] : [];
  });
};

test("the dealings deal each piece once", () => {
  for (const dealing of [together, reversed, interleaved])
    for (const pieces of [1, 2, 3, 7, 20]) {
      const done = dealing(pieces).flatMap(({ begin, end }) =>
        Array.from({ length: end - begin }, (_, i) => begin + i),
      );
      expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: pieces }, (_, i) => i));
    }
  expect(new Set(interleaved(9).map(({ thread }) => thread))).toEqual(new Set([0, 1]));
});

/** One image's worth of a case; undefined where the op mixes along dimension 0. */
function kernelCase(name: OpName, testCase: OpCase<object>): KernelCase | undefined {
  const walks = batchedCase(name, testCase)?.batched;
  if (!walks) return undefined;
  const op = opOf(name);
  const shapes = testCase.inputs.map(({ shape }, i): Shape => (walks[i] ? [1, ...shape.slice(1)] : shape));
  const roles = op.operands(testCase.attrs);
  return {
    problem: op.problem(testCase.attrs, shapes, walks),
    operands: shapes.map((shape, i) => ({
      ...{
        elements: sizeOf(shape),
        weight: roles[i]!.role === "weight",
        walks: walks[i]!,
        fill: testCase.inputs[i]!.fill,
      },
    })),
    output: sizeOf(op.shape(testCase.attrs, shapes)),
  };
}

/** The case by each variant that takes it: every way to run it gives the bits of the plainest. */
function check(name: OpName, testCase: OpCase<object>, packed: boolean): void {
  const found = kernelCase(name, testCase);
  const variants = opOf(name).wasm;
  if (!found || variants === "view") return;
  const size = found.output;
  const firstOf = new Map<string, Float32Array>();
  for (const variant of variants) {
    if (variant.accepts(found.problem, base) !== true) continue;
    const plain = new WasmStages(variant, found, { capabilities: base });
    const eight = plain.run(8, together);
    expect(eight.some(Number.isNaN), `${variant.id} reads what nobody wrote`).toBe(false);
    const same = (what: string, actual: Float32Array, first = 0) =>
      expectSameBits(`${variant.id}, ${what}`, actual, eight.subarray(first * size, first * size + actual.length));
    const known = firstOf.get(variant.sumOrder);
    if (known) same("as the other of its sumOrder", known);
    firstOf.set(variant.sumOrder, eight);
    same("pieces reversed", plain.run(8, reversed));
    same("pieces interleaved", plain.run(3, interleaved));
    same("one repeat", plain.run(1, reversed, { first: 5 }), 5);
    if (plain.overwrites !== undefined) same("in place", plain.run(8, interleaved, { inPlace: true }));
    const others = [
      { what: "256 bits", capabilities: { ...base, simd: 256 as const }, pack256: packed },
      { what: "two threads", capabilities: { ...base, threads: 2 } },
      { what: "five threads, 256 bits", capabilities: { ...base, threads: 5, simd: 256 as const } },
    ];
    for (const { what, ...options } of others) {
      const other = new WasmStages(variant, found, options);
      same(what, other.run(1, together));
      same(`${what}, interleaved`, other.run(3, interleaved, { first: 2, inPlace: true }), 2);
    }
  }
  expect(firstOf.size, "variants that take it").toBeGreaterThan(0);
}

const plainConv: Conv2dAttrs = {
  ...{ stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1, bias: true, residual: true, relu: true },
};

function conv(name: string, x: Shape, weight: Shape, attrs: Partial<Conv2dAttrs> = {}): OpCase<Conv2dAttrs> {
  const whole = { ...plainConv, ...attrs };
  const shape = opOf("conv2d").shape({ ...whole, bias: false, residual: false }, [x, weight]);
  const shapes = [x, weight, ...(whole.bias ? [[weight[0]!]] : []), ...(whole.residual ? [shape] : [])];
  return { name, attrs: whole, inputs: shapes.map((of) => ({ shape: of })) };
}

/** Convolutions that are cut into several blocks and chunks, or joined or not: more than a case of the goldens may have. */
const convolutions = [
  conv("winograd, blocks of tiles", [1, 64, 30, 27], [40, 64, 3, 3]),
  conv("winograd, joined, small", [1, 16, 25, 24], [24, 16, 3, 3], { padding: [0, 2] }),
  conv("winograd, in two stages", [1, 72, 9, 10], [88, 72, 3, 3]),
  conv("winograd, weights beyond a cache", [1, 160, 7, 7], [168, 160, 3, 3], { bias: false }),
  conv("gemm, chunks of panels", [1, 520, 5, 7], [308, 520, 1, 1], { padding: [0, 0] }),
  conv("gemm, blocks and chunks, strided", [1, 64, 29, 31], [256, 64, 3, 3], { stride: [2, 2], residual: false }),
  conv("stem", [1, 3, 40, 42], [24, 3, 7, 7], { stride: [2, 2], padding: [3, 3], residual: false }),
  conv("groups of 4", [1, 24, 11, 21], [24, 4, 3, 3], { groups: 6 }),
  conv("groups of 8, strided", [1, 24, 13, 27], [24, 8, 3, 3], { groups: 3, stride: [2, 2] }),
  conv("groups of 16", [1, 64, 9, 9], [64, 16, 3, 3], { groups: 4 }),
];

describe("conv2d in many pieces", () => {
  test.each(convolutions)("$name", (testCase) => check("conv2d", testCase, true));

  test("they have many", () => {
    const pieces = convolutions.map((testCase) => {
      const found = kernelCase("conv2d", testCase)!;
      const variant = opOf("conv2d").wasm;
      if (variant === "view") throw new Error("conv2d has kernels");
      const first = variant.find(({ accepts }) => accepts(found.problem, base) === true)!;
      return Math.max(...new WasmStages(first, found, { capabilities: { ...base, threads: 2 } }).pieces(1));
    });
    expect(Math.min(...pieces)).toBeGreaterThanOrEqual(2);
  });
});

describe.each(
  Object.keys(table).filter((name): name is OpName => name in table && opOf(name as OpName).wasm !== "view"),
)("%s", (name) => {
  const cases = opOf(name).cases.filter((testCase) => kernelCase(name, testCase));
  test.each(cases)("$name", (testCase) => check(name, testCase, testCase === cases[0]));
});
