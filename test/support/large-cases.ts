/**
 * Cases too large for a golden: more repeats, and more numbers in one repeat, than one dimension of a WebGPU dispatch has workgroups
 * (65,535, of at most 256 invocations). Only the reference knows what is right there.
 */
import type { OpCase } from "../../src/kernels/op.ts";
import type { OpName } from "../../src/kernels/table.ts";

const pool = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], ceilMode: false };
const conv = {
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  bias: false,
  residual: false,
  relu: false,
};
const rows = 70_000;

export const largeCases: readonly (readonly [op: OpName, testCase: OpCase<object>])[] = [
  ["conv2d", { name: "many-images", attrs: conv, inputs: [{ shape: [rows, 1, 1, 2] }, { shape: [3, 1, 1, 1] }] }],
  [
    "batchNorm",
    {
      name: "many-rows",
      attrs: { eps: 1e-5 },
      inputs: [{ shape: [rows, 2] }, { shape: [2] }, { shape: [2], fill: "positive" }, { shape: [2] }, { shape: [2] }],
    },
  ],
  ["relu", { name: "many-rows", attrs: {}, inputs: [{ shape: [rows, 3] }] }],
  ["relu", { name: "long-row", attrs: {}, inputs: [{ shape: [1, 17_000_000] }] }],
  ["maxPool2d", { name: "many-images", attrs: { ...pool, dilation: [1, 1] }, inputs: [{ shape: [rows, 1, 2, 2] }] }],
  [
    "avgPool2d",
    { name: "many-images", attrs: { ...pool, countIncludePad: true }, inputs: [{ shape: [rows, 1, 2, 2] }] },
  ],
  [
    "avgPool2d",
    {
      name: "large-image",
      attrs: { ...pool, kernel: [1, 1], stride: [1, 1], countIncludePad: true },
      inputs: [{ shape: [1, 3, 1200, 1200] }],
    },
  ],
  ["adaptiveAvgPool2d", { name: "many-images", attrs: { outputSize: [1, 1] }, inputs: [{ shape: [rows, 1, 2, 2] }] }],
  ["add", { name: "many-rows", attrs: {}, inputs: [{ shape: [rows, 2] }, { shape: [2] }] }],
  ["mul", { name: "outer", attrs: {}, inputs: [{ shape: [rows, 1] }, { shape: [1, 3] }] }],
  [
    "linear",
    { name: "many-rows", attrs: { bias: true }, inputs: [{ shape: [rows, 2] }, { shape: [3, 2] }, { shape: [3] }] },
  ],
  [
    "linear",
    { name: "many-rows-of-one", attrs: { bias: false }, inputs: [{ shape: [1, rows, 2] }, { shape: [3, 2] }] },
  ],
  ["matmul", { name: "many-rows", attrs: {}, inputs: [{ shape: [rows, 3] }, { shape: [3, 2] }] }],
  ["matmul", { name: "many-matrices", attrs: {}, inputs: [{ shape: [rows, 1, 3] }, { shape: [rows, 3, 2] }] }],
  ["softmax", { name: "many-rows", attrs: { dim: 1 }, inputs: [{ shape: [rows, 3] }] }],
  ["softmax", { name: "long-column", attrs: { dim: 0 }, inputs: [{ shape: [rows, 2] }] }],
  ["mean", { name: "many-rows", attrs: { dims: [1], keepDim: false }, inputs: [{ shape: [rows, 3] }] }],
  ["mean", { name: "many-columns", attrs: { dims: [0], keepDim: false }, inputs: [{ shape: [3, rows] }] }],
  ["convertLayout", { name: "many-images", attrs: { from: "nchw", to: "nhwc" }, inputs: [{ shape: [rows, 2, 1, 2] }] }],
];
