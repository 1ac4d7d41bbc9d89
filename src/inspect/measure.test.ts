import { describe, expect, it } from "vitest";
import { measure, summaryOf } from "./measure.ts";

describe("summaryOf", () => {
  it("interpolates between neighbours, as numpy.percentile does", () => {
    expect(summaryOf([4, 1, 3, 2])).toEqual({ median: 2.5, quartiles: [1.75, 3.25], least: 1, most: 4, runs: 4 });
    expect(summaryOf([7])).toEqual({ median: 7, quartiles: [7, 7], least: 7, most: 7, runs: 1 });
  });
});

describe("measure", () => {
  it("leaves warm-up runs out, and runs at least and at most so often", async () => {
    let calls = 0;
    const body = async () => void calls++;
    const least = await measure(body, { warmups: 2, seconds: 0, least: 3, most: 9 });
    expect([least.runs, least.warmups, calls]).toEqual([3, 2, 5]);
    expect((await measure(body, { warmups: 0, seconds: 60, least: 1, most: 4 })).runs).toBe(4);
  });

  it("ends with the signal's reason, and with the body's error", async () => {
    const abort = new AbortController();
    const body = async () => abort.abort(new Error("enough"));
    const options = { warmups: 0, seconds: 60, least: 5, most: 9 };
    await expect(measure(body, { ...options, signal: abort.signal })).rejects.toThrow("enough");
    await expect(measure(async () => Promise.reject(new Error("broken")), options)).rejects.toThrow("broken");
  });
});
