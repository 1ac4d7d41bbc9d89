/** Cases of random shapes and attributes, for fast-check: any shape that an op allows must run on every backend. */
import * as fc from "fast-check";
import { ShapeError } from "../../src/errors.ts";
import type { OpCase } from "../../src/kernels/op.ts";
import type { Pair } from "../../src/kernels/pair.ts";
import { type OpName, opOf } from "../../src/kernels/table.ts";
import type { Shape } from "../../src/tensor/shape.ts";

type Case = Omit<OpCase<object>, "name">;

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const pairUpTo = (max: number, min = 1) => fc.tuple(upTo(max, min), upTo(max, min));
const images = fc.tuple(upTo(3), upTo(9), upTo(14), upTo(14));
const tensors = fc.array(upTo(7), { minLength: 1, maxLength: 4 });
const inputsOf = (...shapes: Shape[]) => shapes.map((shape) => ({ shape }));

const conv2d = fc
  .record({
    ...{ batch: upTo(3), groups: upTo(4), perGroup: upTo(6), outPerGroup: upTo(9), size: pairUpTo(12) },
    ...{ kernel: pairUpTo(4), stride: pairUpTo(3), padding: pairUpTo(3, 0), dilation: pairUpTo(2) },
    ...{ bias: fc.boolean(), residual: fc.boolean(), relu: fc.boolean() },
  })
  .map(({ batch, groups, perGroup, outPerGroup, size, kernel, ...rest }): Case => {
    const attrs = { ...rest, groups };
    const out = groups * outPerGroup;
    const shapes: Shape[] = [
      [batch, groups * perGroup, ...size],
      [out, perGroup, ...kernel],
    ];
    if (attrs.bias) shapes.push([out]);
    if (attrs.residual) shapes.push([batch, out, ...([0, 1] as const).map((i) => outputSize(attrs, size, kernel, i))]);
    return { attrs, inputs: inputsOf(...shapes) };
  });

function outputSize(
  attrs: { stride: Pair; padding: Pair; dilation: Pair },
  size: Pair,
  kernel: Pair,
  i: 0 | 1,
): number {
  return Math.floor((size[i] + 2 * attrs.padding[i] - attrs.dilation[i] * (kernel[i] - 1) - 1) / attrs.stride[i]) + 1;
}

const pool = { kernel: pairUpTo(5), stride: pairUpTo(3), padding: pairUpTo(2, 0), ceilMode: fc.boolean() };
const maxPool2d = fc
  .tuple(images, fc.record({ ...pool, dilation: pairUpTo(2) }))
  .map(([x, attrs]): Case => ({ attrs, inputs: inputsOf(x) }));
const avgPool2d = fc
  .tuple(images, fc.record({ ...pool, countIncludePad: fc.boolean() }))
  .map(([x, attrs]): Case => ({ attrs, inputs: inputsOf(x) }));
const adaptiveAvgPool2d = fc
  .tuple(images, pairUpTo(8))
  .map(([x, outputSize]): Case => ({ attrs: { outputSize }, inputs: inputsOf(x) }));

const batchNorm = tensors
  .filter((x) => x.length >= 2)
  .map((x): Case => {
    const [data, ...statistics] = inputsOf(x, [x[1]!], [x[1]!], [x[1]!], [x[1]!]);
    return {
      attrs: { eps: 1e-5 },
      inputs: [data!, ...statistics.map((one) => ({ ...one, fill: "positive" as const }))],
    };
  });

const unary = fc.array(upTo(9), { maxLength: 4 }).map((x): Case => ({ attrs: {}, inputs: inputsOf(x) }));

/** Both operands are a shape of which any dimension may be 1, and leading ones missing. */
const binary = fc
  .array(fc.tuple(upTo(7), fc.boolean(), fc.boolean()), { maxLength: 4 })
  .chain((dims) => fc.tuple(fc.constant(dims), upTo(dims.length, 0), upTo(dims.length, 0)))
  .map(([dims, missingA, missingB]): Case => {
    const a = dims.map(([size, one]) => (one ? 1 : size)).slice(missingA);
    const b = dims.map(([size, , one]) => (one ? 1 : size)).slice(missingB);
    return { attrs: {}, inputs: [{ shape: a }, { shape: b, fill: "positive" }] };
  });

const linear = fc
  .tuple(fc.array(upTo(6), { maxLength: 3 }), upTo(70), upTo(40), fc.boolean())
  .map(([rows, depth, out, bias]): Case => {
    const shapes: Shape[] = [
      [...rows, depth],
      [out, depth],
    ];
    return { attrs: { bias }, inputs: inputsOf(...shapes, ...(bias ? [[out]] : [])) };
  });

const matmul = fc
  .tuple(fc.array(upTo(4), { maxLength: 2 }), upTo(40), upTo(70), upTo(40), fc.boolean())
  .map(([stack, rows, depth, columns, stacked]): Case => {
    return { attrs: {}, inputs: inputsOf([...stack, rows, depth], [...(stacked ? stack : []), depth, columns]) };
  });

const softmax = tensors.chain((x) =>
  upTo(x.length - 1, -x.length).map((dim): Case => ({ attrs: { dim }, inputs: [{ shape: x, scale: 20 }] })),
);
const mean = tensors.chain((x) =>
  fc
    .tuple(fc.subarray(x.map((_, i) => i)), fc.boolean())
    .map(([dims, keepDim]): Case => ({ attrs: { dims, keepDim }, inputs: [{ shape: x, fill: "positive" }] })),
);
const convertLayout = fc
  .tuple(images, fc.constantFrom(["nchw", "nhwc"] as const, ["nhwc", "nchw"] as const))
  .map(([x, [from, to]]): Case => ({ attrs: { from, to }, inputs: inputsOf(x) }));

const generators: Partial<Record<OpName, fc.Arbitrary<Case>>> = {
  ...{ conv2d, maxPool2d, avgPool2d, adaptiveAvgPool2d, batchNorm, relu: unary, add: binary, div: binary },
  ...{ linear, matmul, softmax, mean, convertLayout },
};

/** For each op that has a generator, cases that its shape rule allows. */
export const randomCases: readonly (readonly [op: OpName, cases: fc.Arbitrary<OpCase<object>>])[] = (
  Object.entries(generators) as [OpName, fc.Arbitrary<Case>][]
).map(([op, cases]) => [op, cases.filter((one) => isAllowed(op, one)).map((one) => ({ ...one, name: "random" }))]);

function isAllowed(op: OpName, { attrs, inputs }: Case): boolean {
  try {
    opOf(op).shape(
      attrs,
      inputs.map(({ shape }) => shape),
    );
    return true;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}
