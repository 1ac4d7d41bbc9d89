import { expect, it } from "vitest";
import {
  commandsTable,
  fastestOther,
  isReached,
  keyOfProcess,
  ours,
  outcomesTable,
  type ProcessResult,
  processPage,
  timesOurs,
} from "./process-report.ts";

const result: ProcessResult = {
  ...{ model: "resnet18", images: 200 },
  commands: {
    [ours]: { milliseconds: [1000, 4000, 1000], peakMiB: [100, 100, 110], error: 0 },
    [`${ours} --throughput`]: { milliseconds: [900, 3600, 900], peakMiB: [100, 100, 110], error: 0 },
    "Python, slow": { milliseconds: [9000, 9000, 9000], peakMiB: [300, 300, 300], error: 1e-6 },
    "Python, fast": { milliseconds: [2000, 8000, 2500], peakMiB: [250, 250, 253], withoutStart: [500], error: 1e-6 },
  },
};

it("commands are compared round by round, with the fastest of the others", () => {
  expect(fastestOther(result)).toBe("Python, fast");
  expect(timesOurs(result, "Python, fast", "milliseconds")).toBe(2);
  expect(timesOurs(result, "Python, fast", "peakMiB")).toBe(2.5);
  const { [ours]: own } = result.commands;
  expect(fastestOther({ ...result, commands: { [ours]: own! } })).toBeUndefined();
});

it("an outcome has a least or a most", () => {
  expect(isReached({ what: "", found: 3, least: 3 })).toBe(true);
  expect(isReached({ what: "", found: 2.9, least: 3 })).toBe(false);
  expect(isReached({ what: "", found: 1.1, most: 1.05 })).toBe(false);
  expect(isReached({ what: "", found: Number.NaN, least: 3 })).toBe(false);
});

it("tables say rates, with and without the start, ratios and verdicts", () => {
  const lines = commandsTable([result]).split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[2]).toMatch(/\| 200 +\| residual +\| 1000 \| 1000 to 2500 \| 200\.00 +\| +\| +\| 100 /);
  expect(lines[5]).toMatch(/Python, fast +\| 2500 \| .* \| 80\.00 +\| 400\.00 +\| 2\.00 +\| 250 +\| 2\.50 +\| 1\.0e-6/);
  const outcomes = [
    { what: "time", found: 2, least: 3 },
    { what: "growth", found: 1.01, most: 1.05 },
  ];
  const table = outcomesTable([{ ...result, outcomes }]);
  expect(table).toMatch(/time +\| 2\.00 +\| at least 3 +\| MISSED/);
  expect(table).toMatch(/growth \| 1\.01 +\| at most 1\.05 \| met/);
});

it("the page names machine, versions, commit and rounds", () => {
  const conditions = {
    ...{ date: "2026-01-31T10:00:00.000Z", commit: "0123456789abcdef", modified: true, load: 0.25 },
    ...{ node: "24.0.0", python: "Python 3.11, torch 2.14" },
  };
  const machine = { cpu: "AMD EPYC", cores: 2, memoryGiB: 8 };
  const record = { machine, results: [{ ...result, outcomes: [], conditions }] };
  const page = processPage({ title: "Photos", about: "A folder." }, record, "file.json");
  expect(page).toContain("# Photos\n\nA folder. ");
  expect(page).toContain("Node 24.0.0; Python 3.11, torch 2.14.");
  expect(page).toMatch(/\| resnet18 \| 200 +\| 3 +\| 0123456789ab with changes \| 2026-01-31 10:00 UTC \| 0\.3/);
  expect(keyOfProcess(result)).toBe("resnet18/200");
});
