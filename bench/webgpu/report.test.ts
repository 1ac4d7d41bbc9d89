import { describe, expect, it } from "vitest";
import { type Result, resultTable, slowerThanTfjs, timesOf } from "./report.ts";

const result: Result = {
  ...{ model: "resnet18", batch: 1, flops: 3.6e9 },
  engines: {
    ours: { milliseconds: [1000, 4000, 1200], error: 1e-6 },
    tfjs: { milliseconds: [1500, 6000, 1200], error: 2e-6 },
  },
};
const slow: Result = {
  ...result,
  batch: 8,
  engines: { ...result.engines, tfjs: { milliseconds: [900, 3600, 1200], error: 0 } },
};
describe("the report of a benchmark", () => {
  it("compares round by round", () => {
    expect(timesOf("ours", result)).toEqual({ tfjs: { median: 1.5, low: 1.25, high: 1.5 } });
    expect(timesOf("ours", { ...result, engines: { tfjs: result.engines.tfjs! } })).toEqual({});
  });

  it("names what is slower than TensorFlow.js, and nothing else", () => {
    expect(slowerThanTfjs([result, slow])).toEqual([
      "resnet18, batch 8: TensorFlow.js takes 0.90 times as long as residual",
    ]);
  });

  it("is a table of one row an engine", () => {
    const lines = resultTable([result]).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/resnet18 +\| 1 +\| residual +\| 1200 +\| 1100 to 2600 \| 3\.00 +\| +\| +\| 1\.0e-6/);
    expect(lines[3]).toMatch(
      /TensorFlow\.js \| 1500 +\| 1350 to 3750 \| 2\.40 +\| 1\.50 +\| 1\.25 to 1\.50 \| 2\.0e-6/,
    );
  });
});
