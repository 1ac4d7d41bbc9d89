/** avgPool2d's reference against numbers computed by hand: the divisor above all. The shape rule is tested in max-pool2d.test.ts. */
import { describe, expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { avgPool2d } from "./avg-pool2d.op.ts";
import type { AvgPool2dAttrs } from "./avg-pool2d.problem.ts";

const halves: AvgPool2dAttrs = {
  ...{ kernel: [2, 2], stride: [2, 2], padding: [0, 0], ceilMode: false, countIncludePad: true },
};

function pooled(attrs: Partial<AvgPool2dAttrs>, input = smallTensor([1, 1, 3, 3], upFrom1(9))): number[] {
  return [...avgPool2d.reference({ ...halves, ...attrs }, [input]).data];
}

describe("by hand", () => {
  test("the mean of a window", () => {
    expect(pooled({ stride: [1, 1] })).toEqual([3, 4, 6, 7]);
  });
  test("padding counts in the divisor", () => {
    expect(pooled({ padding: [1, 1] })).toEqual([1 / 4, 5 / 4, 11 / 4, 28 / 4]);
  });
  test("or does not", () => {
    expect(pooled({ padding: [1, 1], countIncludePad: false })).toEqual([1, 5 / 2, 11 / 2, 7]);
  });
  test("what ceilMode adds beyond the padding never counts", () => {
    expect(pooled({ ceilMode: true })).toEqual([3, 4.5, 7.5, 9]);
    // Windows of −1…2 and 2…5, of a row of 0…3 padded to −1…4: the second one counts 2, 3 and the padding 4, but not 5.
    const row = smallTensor([1, 1, 1, 4], [1, 2, 3, 4]);
    const attrs = { kernel: [1, 4], stride: [1, 3], padding: [0, 1], ceilMode: true } as const;
    expect(pooled(attrs, row)).toEqual([6 / 4, Math.fround(7 / 3)]);
    expect(pooled({ ...attrs, countIncludePad: false }, row)).toEqual([2, 7 / 2]);
  });
  test("sums are in float64", () => {
    expect(pooled({ kernel: [1, 4] }, smallTensor([1, 1, 1, 4], [2 ** 25, 1, 3, -(2 ** 25)]))).toEqual([1]);
  });
});

test("names itself in errors", () => {
  expect(() => avgPool2d.shape({ ...halves, padding: [0, 2] }, [[1, 1, 4, 4]])).toThrow(
    new ShapeError("avgPool2d: padding is [0, 2] and kernel [2, 2]: expected a padding of at most half the kernel"),
  );
});
