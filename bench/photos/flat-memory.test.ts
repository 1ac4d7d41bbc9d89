import { expect, it } from "vitest";
import { growth, peaksByTenth } from "./flat-memory.ts";

it("a run's memory is looked at by tenths", () => {
  const samples = Array.from({ length: 25 }, (_, i) => i);
  expect(peaksByTenth(samples)).toEqual([1, 4, 6, 9, 11, 14, 16, 19, 21, 24]);
  expect(() => peaksByTenth([1, 2, 3])).toThrow("3 samples");
});

it("memory is flat where the first fifth has the peak", () => {
  expect(growth([100, 200, 190, 200, 180, 200, 200, 199, 200, 200])).toBe(1);
  expect(growth([100, 100, 110, 120, 130, 140, 150, 160, 170, 180])).toBe(1.8);
});
