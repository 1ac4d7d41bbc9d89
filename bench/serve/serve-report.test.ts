/** The page of the service's benchmark, from numbers that are made up. */
import { describe, expect, it } from "vitest";
import { faultsOf, gainOver, type Round, type ServeResult, servePage, verdictOf } from "./serve-report.ts";

const round = (imagesPerSecond: number): Round => ({
  imagesPerSecond,
  images: 100,
  batch: 7.5,
  runMs: 12,
  processorMs: 30,
});
const mixed = {
  ...{ seconds: 60, statuses: { 200: 600, 400: 100, 503: 9 }, errors: 0, timeouts: 0 },
  latency: { p50: 100, p90: 200, p99: 300, most: 400 },
};
const result: ServeResult = {
  ...{ depth: 18, connections: 64, mixed },
  rounds: {
    ...{ together: [round(60), round(30), round(50)], alone: [round(50), round(25), round(50)] },
    ...{ throughput: [round(60), round(30), round(50)], oneCaller: [round(30), round(15), round(25)] },
  },
  conditions: { date: "2026-01-31T10:00:00.000Z", commit: "0123456789abcdef", modified: false, load: 0.5, node: "v24" },
};

describe("the service's benchmark", () => {
  it("compares round by round", () => {
    expect(gainOver("alone", result)).toEqual({ median: 1.2, low: 1.1, high: 1.2 });
    expect(verdictOf(result)).toMatch(
      /^Depth 18: 1\.20 times one by one, at least 1\.1 asked for: met\..* alone it is 2\.00 times\.$/,
    );
  });

  it("takes 503 as an answer, and any other fault of the server's as one", () => {
    expect(faultsOf(mixed)).toEqual([]);
    expect(faultsOf({ ...mixed, statuses: { ...mixed.statuses, 500: 2 }, errors: 1, timeouts: 3 })).toEqual([
      ...["2 answers of status 500", "1 connections broke", "3 requests without an answer"],
    ]);
  });

  it("makes a page", () => {
    const page = servePage({ machine: { cpu: "CPU", cores: 2, memoryGiB: 8 }, results: [result] }, "serve.json");
    expect(page).toMatch(
      /\| 18 +\| 64 +\| 60 +\| 10\.0 +\| 100 +\| 200 +\| 300 +\| 400 +\| 600 × 200, 100 × 400, 9 × 503 +\| none +\|/,
    );
    expect(page).toMatch(
      /\| 18 +\| one by one \(--max-batch 1\) +\| 50\.0 \(37\.5 to 50\.0\) +\| 1\.20 \(1\.10 to 1\.20\)/,
    );
  });
});
