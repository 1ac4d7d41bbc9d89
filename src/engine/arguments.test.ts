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

  it.each([
    [[[1, 2], [3]], /ragged/],
    [["a"], /element 0 is "a"; expected a number/],
    [null, /the numbers are null/],
    [new BigInt64Array(2), /element 0 is a bigint/],
  ])("refuses %j", (numbers, message) => {
    expect(call(tensor, numbers)).toThrow(message);
    expect(call(tensor, numbers)).toThrow(ResidualError);
  });

  it("refuses a shape that is none, and one of too many numbers, each in its own words", () => {
    expect(call(tensor, [1], 1)).toThrow("tensor: the shape is a number; expected a list of whole numbers");
    expect(call(tensor, [1], [2 ** 30, 2 ** 30])).toThrow(/more numbers than can be counted/);
  });
});

describe("functions", () => {
  it.each([
    [functions.conv2d, [x, w, { strid: 2 }], /conv2d: there is no option strid; there are bias, stride/],
    [functions.conv2d, [x, w, w], /conv2d: the options are an object of class Tensor; .*a bias goes there too/],
    [functions.conv2d, [x, w, null], /conv2d: the options are null/],
    [functions.conv2d, [x, w, { padding: "same" }], /conv2d: padding is "same"; expected a number, or/],
    [functions.conv2d, [x], /conv2d: weight is undefined; expected a tensor/],
    [functions.conv2d, [[1, 2], w], /conv2d: x is an array; expected a tensor/],
    [functions.maxPool2d, [x], /maxPool2d: the options are undefined; expected an object with kernel/],
    [functions.maxPool2d, [x, { stride: 2 }], /maxPool2d: the option kernel is missing/],
    [functions.batchNorm, [x], /batchNorm: the options are undefined/],
    [functions.relu, [], /relu: x is undefined/],
    [functions.matmul, [x, 5], /matmul: b is a number/],
    [functions.mean, [], /mean: x is undefined/],
    [functions.mean, [x, { dim: 1 }], /mean: there is no option dim; there are dims, keepDim/],
    [functions.reshape, [x, 5], /reshape: the shape is a number/],
    [functions.linear, [x, w, { bias: w }], /linear: bias is an object; expected a tensor/],
  ])("%o of %j", (f, given, message) => {
    expect(call(f, ...given)).toThrow(message);
    expect(call(f, ...given)).toThrow(OptionError);
  });

  it("refuses a padding that no memory holds as a shape", () => {
    expect(() => functions.conv2d(x, w, { padding: 1e9 })).toThrow(ShapeError);
    expect(() => functions.conv2d(x, w, { padding: 1e9 })).toThrow(/fewer than 2\^30 numbers/);
  });

  it("rejects options of data() that there are not", async () => {
    const y = functions.relu(x);
    await expect(Promise.resolve().then(call(y.data.bind(y), { devise: "wasm" }))).rejects.toThrow(/no option devise/);
    await expect(Promise.resolve().then(call(y.data.bind(y), { signal: 5 }))).rejects.toThrow(/signal is a number/);
  });

  it("runs a chain of many thousand operations", async () => {
    let y = tensor([1, -1]);
    for (let i = 0; i < 10_000; i++) y = functions.relu(y);
    expect([...(await y.data({ device: "reference" }))]).toEqual([1, 0]);
  });
});
