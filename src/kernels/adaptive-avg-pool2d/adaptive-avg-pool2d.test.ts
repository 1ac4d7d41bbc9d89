/** adaptiveAvgPool2d's reference against numbers computed by hand, and the messages of its shape rule. */
import { expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { adaptiveAvgPool2d } from "./adaptive-avg-pool2d.op.ts";
import { adaptiveWindow } from "./adaptive-avg-pool2d.problem.ts";

function pooled(outputSize: readonly [number, number], shape: number[]): number[] {
  const count = shape.reduce((product, dim) => product * dim, 1);
  return [...adaptiveAvgPool2d.reference({ outputSize }, [smallTensor(shape, upFrom1(count))]).data];
}

test("one output is the mean of the image, for each channel and image", () => {
  expect(pooled([1, 1], [2, 2, 2, 2])).toEqual([2.5, 6.5, 10.5, 14.5]);
});

test("bins that do not divide the image overlap: 5 in 3 are 0–2, 1–4, 3–5", () => {
  expect([0, 1, 2].map((i) => adaptiveWindow(i, 5, 3))).toEqual([
    { start: 0, end: 2 },
    { start: 1, end: 4 },
    { start: 3, end: 5 },
  ]);
  expect(pooled([1, 3], [1, 1, 1, 5])).toEqual([1.5, 3, 4.5]);
});

test("more outputs than inputs repeat them", () => {
  expect(pooled([1, 3], [1, 1, 1, 2])).toEqual([1, 1.5, 2]);
  expect(pooled([2, 2], [1, 1, 1, 1])).toEqual([1, 1, 1, 1]);
});

test.each<[string, readonly [number, number], number[]]>([
  ["adaptiveAvgPool2d: x is 512×7×7: expected rank 4, N×C×H×W", [1, 1], [512, 7, 7]],
  ["adaptiveAvgPool2d: outputSize is [1, 0]; expected two whole numbers of at least 1", [1, 0], [1, 2, 7, 7]],
])("%s", (message, outputSize, x) => {
  expect(() => adaptiveAvgPool2d.shape({ outputSize }, [x])).toThrow(new ShapeError(message));
});
