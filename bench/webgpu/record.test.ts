import { describe, expect, it } from "vitest";
import { type RecordOf, recordFile, withResult } from "../common/record.ts";
import { keyOf, type RecordedResult, recordPage } from "./record.ts";

const machine = { cpu: "AMD EPYC (Genoa)", cores: 2, memoryGiB: 8 };
const conditions = {
  ...{ date: "2026-01-31T10:00:00.000Z", commit: "0123456789abcdef", modified: false, load: 0.25, browser: "147.0" },
  ...{ adapter: "google swiftshader", versions: { ours: "SwiftShader", tfjs: "4.22.0", onnxruntime: "1.30.0" } },
};
const result = (model: string, batch: number, milliseconds: number[]): RecordedResult => ({
  ...{ model, batch, flops: 1e9, conditions },
  engines: { ours: { milliseconds, error: 0 }, tfjs: { milliseconds: milliseconds.map((time) => 3 * time), error: 0 } },
});

describe("the record of a benchmark", () => {
  const empty: RecordOf<RecordedResult> = { machine, results: [] };
  const results = [result("resnet50", 1, [1]), result("resnet18", 8, [2]), result("resnet18", 1, [3])];
  const full = results.reduce((record, next) => withResult(record, next, keyOf), empty);

  it("is filled workload by workload, in order, the newest in the place of an older one", () => {
    const names = (record: RecordOf<RecordedResult>) => record.results.map(({ model, batch }) => `${model}/${batch}`);
    expect(names(full)).toEqual(["resnet18/1", "resnet18/8", "resnet50/1"]);
    const newer = withResult(full, result("resnet18", 8, [7]), keyOf);
    expect(names(newer)).toEqual(names(full));
    expect(newer.results[1]!.engines.ours!.milliseconds).toEqual([7]);
    expect(full.results[1]!.engines.ours!.milliseconds).toEqual([2]);
  });

  it("is named by day and machine", () => {
    expect(recordFile("webgpu", machine, conditions.date)).toBe("webgpu-2026-01-31-amd-epyc-genoa-2-cores.json");
  });

  it("becomes a page that says machine, runtimes, commit, date, load and rounds", () => {
    const changed = { ...result("resnet18", 1, [1, 2]), conditions: { ...conditions, modified: true, load: 9 } };
    const page = recordPage(withResult(full, changed, keyOf), "file.json");
    expect(page).toContain("AMD EPYC (Genoa), 2 cores, 8 GiB");
    expect(page).toContain("Adapter: google swiftshader,");
    expect(page).toContain("Chromium 147.0. TensorFlow.js 4.22.0, onnxruntime-web 1.30.0.");
    expect(page).toContain("[file.json](file.json)");
    expect(page).toMatch(/\| resnet18 \| 1 +\| 2 +\| 0123456789ab with changes \| 2026-01-31 10:00 UTC \| 9\.0 +\|/);
    expect(page).toMatch(/\| resnet50 \| 1 +\| 1 +\| 0123456789ab +\| 2026-01-31 10:00 UTC \| 0\.3 +\|/);
    expect(page).toMatch(/\| resnet18 \| 8 +\| TensorFlow.js \| 6\.0 .* 3\.00 /);
  });
});
