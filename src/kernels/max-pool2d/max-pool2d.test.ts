/** maxPool2d's reference against numbers computed by hand, and the messages of its shape rule. */
import { describe, expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { maxPool2d } from "./max-pool2d.op.ts";
import type { MaxPool2dAttrs } from "./max-pool2d.problem.ts";

const halves: MaxPool2dAttrs = {
  ...{ kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1] },
  ceilMode: false,
};
const x = smallTensor([1, 1, 3, 3], [1, 8, 3, 4, 5, 6, 7, 2, 9]);

function pooled(attrs: Partial<MaxPool2dAttrs>, input = x) {
  const { shape, data } = maxPool2d.reference({ ...halves, ...attrs }, [input]);
  return { shape, numbers: [...data] };
}

describe("by hand", () => {
  test("without ceilMode what does not fill a window is left out", () => {
    expect(pooled({})).toEqual({ shape: [1, 1, 1, 1], numbers: [8] });
  });
  test("with ceilMode the last window is cut", () => {
    expect(pooled({ ceilMode: true })).toEqual({ shape: [1, 1, 2, 2], numbers: [8, 6, 7, 9] });
  });
  test("overlapping windows", () => {
    expect(pooled({ stride: [1, 1] }).numbers).toEqual([8, 8, 7, 9]);
  });
  test("padding never wins, however small the numbers are", () => {
    const negative = smallTensor([1, 1, 2, 2], [-1, -2, -3, -4]);
    expect(pooled({ padding: [1, 1] }, negative).numbers).toEqual([-1, -2, -3, -4]);
  });
  test("dilation skips positions", () => {
    expect(pooled({ dilation: [2, 2], stride: [1, 1] }).numbers).toEqual([9]);
  });
  test("with ceilMode no window starts in the padding after the image", () => {
    const row = smallTensor([1, 1, 1, 3], [1, 2, 3]);
    const attrs = { kernel: [1, 2], padding: [0, 1], stride: [1, 3], ceilMode: true } as const;
    expect(pooled(attrs, row)).toEqual({ shape: [1, 1, 1, 2], numbers: [1, 3] });
  });
  test("a window between dilated positions is −∞", () => {
    const row = smallTensor([1, 1, 1, 1], [5]);
    const attrs = { kernel: [1, 2], padding: [0, 1], stride: [1, 1], dilation: [1, 2] } as const;
    expect(pooled(attrs, row).numbers).toEqual([Number.NEGATIVE_INFINITY]);
  });
  test("NaN wins", () => {
    expect(pooled({ stride: [1, 1] }, smallTensor([1, 1, 2, 3], [1, Number.NaN, 9, 2, 3, 4])).numbers).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
  });
  test("each image and channel by itself", () => {
    expect(pooled({}, smallTensor([2, 2, 2, 2], upFrom1(16))).numbers).toEqual([4, 8, 12, 16]);
  });
});

const images = [[1, 2, 8, 8]];
test.each<[string, Partial<MaxPool2dAttrs>, number[][]]>([
  ["maxPool2d: x is 2×8×8: expected rank 4, N×C×H×W", {}, [[2, 8, 8]]],
  ["maxPool2d: kernel is [0, 2]; expected two whole numbers of at least 1", { kernel: [0, 2] }, images],
  ["maxPool2d: stride is [2, 0]; expected two whole numbers of at least 1", { stride: [2, 0] }, images],
  ["maxPool2d: padding is [-1, 0]; expected two whole numbers of at least 0", { padding: [-1, 0] }, images],
  ["maxPool2d: dilation is [0.5, 1]; expected two whole numbers of at least 1", { dilation: [0.5, 1] }, images],
  [
    "maxPool2d: padding is [2, 0] and kernel [3, 3]: expected a padding of at most half the kernel",
    { kernel: [3, 3], padding: [2, 0] },
    images,
  ],
  [
    "maxPool2d: x is 1×2×2×8, kernel [3, 3], padding [0, 0], dilation [1, 1]: expected a kernel no larger than the padded image",
    { kernel: [3, 3] },
    [[1, 2, 2, 8]],
  ],
])("%s", (message, attrs, shapes) => {
  expect(() => maxPool2d.shape({ ...halves, ...attrs }, shapes)).toThrow(new ShapeError(message));
});
