import { describe, expect, it } from "vitest";
import { ratiosOf, spreadOf } from "./statistics.ts";

describe("spreadOf", () => {
  it("sorts, and interpolates between values", () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25 });
    expect(spreadOf([10, 9, 100, 1, 2])).toEqual({ median: 9, low: 2, high: 10 });
  });

  it("of one value is that value; of none an error", () => {
    expect(spreadOf([7])).toEqual({ median: 7, low: 7, high: 7 });
    expect(() => spreadOf([])).toThrow("no values");
  });
});

describe("ratiosOf", () => {
  it("pairs rounds, so that a slow one does not count", () => {
    expect(ratiosOf([20, 200, 30], [10, 100, 10])).toEqual([2, 2, 3]);
    expect(() => ratiosOf([1], [1, 2])).toThrow("1 rounds beside 2");
  });
});
