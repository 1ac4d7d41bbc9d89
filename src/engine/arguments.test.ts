/** What a compiler would refuse, given at run time: every wrong argument is one error that says where and what would be right. */
import { describe, expect, it } from "vitest";
import { OptionError, ResidualError, ShapeError } from "../errors.ts";
import * as functions from "./functions.ts";
import { tensor } from "./tensor.ts";

/** Calls a function as JavaScript's users can. */
const call = (f: unknown, ...given: unknown[]): (() => unknown) => {
  if (typeof f !== "function") throw new Error("no function");
  return () => f(...given);
};
const x = tensor(new Float32Array(32), [1, 2, 4, 4]);
const w = tensor(new Float32Array(4), [2, 2, 1, 1]);

describe("tensor", () => {
  it("takes nested arrays by their own shape", async () => {
    const nested = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nested.shape).toEqual([2, 3]);
    expect(await nested.array({ device: "reference" })).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it.each<[what: string, numbers: unknown, message: RegExp]>([
    ["ragged arrays", [[1, 2], [3]], /ragged/],
    ["ragged arrays of the right count", [[1, 2], [3], [4, 5, 6]], /ragged nested arrays: an array of 1 where/],
    ["a number among arrays", [[1], 2], /ragged nested arrays: a number where the first is an array of 1/],
    ["an array among numbers", [1, [2]], /ragged nested arrays: an array where the first is a number/],
    ["text", ["a"], /element 0 is "a"; expected a number/],
    ["null", null, /the numbers are null/],
    ["bigints", new BigInt64Array(2), /element 0 is a bigint/],
  ])("refuses %s", (_, numbers, message) => {
    expect(call(tensor, numbers)).toThrow(message);
    expect(call(tensor, numbers)).toThrow(ResidualError);
  });

  it("refuses a shape that is none, and one of too many numbers, each in its own words", () => {
    expect(call(tensor, [1], 1)).toThrow("tensor: the shape is a number; expected a list of whole numbers");
    expect(call(tensor, [1], [2 ** 30, 2 ** 30])).toThrow(/more numbers than can be counted/);
  });
});

describe("functions", () => {
  it.each<[what: string, f: unknown, given: unknown[], message: RegExp]>([
    [
      "conv2d: a misspelt option",
      functions.conv2d,
      [x, w, { strid: 2 }],
      /conv2d: there is no option strid; there are bias, stride/,
    ],
    [
      "conv2d: a bias in the options' place",
      functions.conv2d,
      [x, w, w],
      /conv2d: the options are an object of class Tensor; .*a bias goes there too/,
    ],
    ["conv2d: null for the options", functions.conv2d, [x, w, null], /conv2d: the options are null/],
    [
      "conv2d: a word for a padding",
      functions.conv2d,
      [x, w, { padding: "same" }],
      /conv2d: padding is "same"; expected a number, or/,
    ],
    ["conv2d: no weight", functions.conv2d, [x], /conv2d: weight is undefined; expected a tensor/],
    ["conv2d: an array for a tensor", functions.conv2d, [[1, 2], w], /conv2d: x is an array; expected a tensor/],
    [
      "maxPool2d: no options",
      functions.maxPool2d,
      [x],
      /maxPool2d: the options are undefined; expected an object with kernel/,
    ],
    ["maxPool2d: no kernel", functions.maxPool2d, [x, { stride: 2 }], /maxPool2d: the option kernel is missing/],
    ["batchNorm: no statistics", functions.batchNorm, [x], /batchNorm: the options are undefined/],
    ["relu: nothing", functions.relu, [], /relu: x is undefined/],
    ["matmul: a number for a matrix", functions.matmul, [x, 5], /matmul: b is a number/],
    ["mean: nothing at all", functions.mean, [], /mean: x is undefined/],
    [
      "mean: another library's option",
      functions.mean,
      [x, { dim: 1 }],
      /mean: there is no option dim; there are dims, keepDim/,
    ],
    ["conv2d: null for a bias", functions.conv2d, [x, w, { bias: null }], /conv2d: bias is null; expected a tensor/],
    ["linear: null for a bias", functions.linear, [x, w, null], /linear: bias is null; expected a tensor/],
    ["mean: a number for dims", functions.mean, [x, { dims: 1 }], /mean: dims is a number; expected a list/],
    [
      "mean: a word for a flag",
      functions.mean,
      [x, { keepDim: "no" }],
      /mean: keepDim is "no"; expected true or false/,
    ],
    ["softmax: options for a dimension", functions.softmax, [x, { dim: 1 }], /softmax: dim is an object/],
    ["flatten: options for a dimension", functions.flatten, [x, { startDim: 1 }], /flatten: startDim is an object/],
    ["reshape: a number for a shape", functions.reshape, [x, 5], /reshape: the shape is a number/],
    [
      "linear: options where there are none",
      functions.linear,
      [x, w, { bias: w }],
      /linear: bias is an object; expected a tensor/,
    ],
  ])("%s", (_, f, given, message) => {
    expect(call(f, ...given)).toThrow(message);
    expect(call(f, ...given)).toThrow(OptionError);
  });

  it("refuses a padding that no memory holds as a shape", () => {
    expect(() => functions.conv2d(x, w, { padding: 1e9 })).toThrow(ShapeError);
    expect(() => functions.conv2d(x, w, { padding: 1e9 })).toThrow(/fewer than 2\^30 numbers/);
  });

  it("refuses an output that no memory holds as a shape", () => {
    expect(() => functions.adaptiveAvgPool2d(x, 1e5)).toThrow(ShapeError);
    expect(() => functions.adaptiveAvgPool2d(x, 1e5)).toThrow(/the output would be 1×2×100000×100000; expected fewer/);
  });

  it("rejects options of data() that there are not", async () => {
    const y = functions.relu(x);
    await expect(Promise.resolve().then(call(y.data.bind(y), { devise: "wasm" }))).rejects.toThrow(/no option devise/);
    await expect(Promise.resolve().then(call(y.data.bind(y), { signal: 5 }))).rejects.toThrow(/signal is a number/);
    // A tensor that has its numbers needs no device, but a wrong name is wrong all the same.
    for (const t of [y, x])
      await expect(Promise.resolve().then(call(t.data.bind(t), { device: "gpu" }))).rejects.toThrow(
        'device "gpu": there is no such device; use auto, webgpu, wasm, reference',
      );
  });

  it("runs a long chain of weights that are computed from weights", async () => {
    const one = tensor([1], [1, 1]);
    let y = one;
    for (let i = 0; i < 2_500; i++) y = functions.linear(one, y);
    expect([...(await y.data({ device: "reference" }))]).toEqual([1]);
  });

  it("runs a chain of many thousand operations", async () => {
    let y = tensor([1, -1]);
    for (let i = 0; i < 20_000; i++) y = functions.relu(y);
    expect([...(await y.data({ device: "reference" }))]).toEqual([1, 0]);
  });
});
