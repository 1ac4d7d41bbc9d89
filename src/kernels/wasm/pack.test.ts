import { expect, test } from "vitest";
import { flushDenormals } from "./pack.ts";

const flushed = (...values: number[]) => {
  const array = Float32Array.from(values);
  flushDenormals(array);
  return [...array];
};

test("denormals beside ordinary numbers become 0", () => {
  expect(flushed(0.5, 1e-40, -1e-44, 2 ** -126, -3)).toEqual([0.5, 0, 0, 2 ** -126, -3]);
});

test("numbers that are all small stay: there a denormal counts", () => {
  const small = [1e-40, 1e-33].map(Math.fround);
  expect(flushed(...small)).toEqual(small);
});

test("what is not a number stays", () => {
  expect(flushed(Number.NaN, 1, 1e-40)[0]).toBeNaN();
  expect(flushed(Number.POSITIVE_INFINITY, 1e-40)).toEqual([Number.POSITIVE_INFINITY, 0]);
});
