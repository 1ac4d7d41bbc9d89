import { describe, expect, it } from "vitest";
import { withResult } from "../common/record.ts";
import type { CpuEngineName } from "./cpu-engines.ts";
import {
  type CpuResult,
  cpuPage,
  cpuTimesTable,
  isMet,
  keyOfCpu,
  outcomesOf,
  shortfallsOf,
  targetsTable,
} from "./cpu-report.ts";
import { hostKindOf, targetOf } from "./cpu-targets.ts";

const measured = (milliseconds: number[], threads = 2) => {
  return { milliseconds, threads, runs: 3, error: 1e-6, version: "1.2", idle: 0 };
};
const result = (model: string, engines: Partial<Record<CpuEngineName, number[]>>, batch = 1): CpuResult => ({
  ...{ model, batch, flops: 3.6e9, leftOut: [], others: 0.014, optimizeFor: batch === 1 ? "latency" : "throughput" },
  engines: Object.fromEntries(Object.entries(engines).map(([name, times]) => [name, measured(times)])),
});

describe("the targets", () => {
  it("depend on the host's vector units", () => {
    const zen4 = "vendor_id : AuthenticAMD\nflags : avx2 avx512f";
    expect(hostKindOf(zen4)).toBe("halves");
    expect(hostKindOf("vendor_id : GenuineIntel\nflags : avx2 avx512f")).toBe("fullWidth");
    expect(hostKindOf("vendor_id : GenuineIntel\nflags : avx2")).toBe("halves");
    expect(hostKindOf("")).toBe("halves");
  });

  it("are the issue's", () => {
    const least = (name: Parameters<typeof targetOf>[0], host: "fullWidth" | "halves") =>
      (["resnet34", "resnet50"] as const).flatMap((model) =>
        [1, 8].map((batch) => targetOf(name, host, { model, batch })),
      );
    expect(least("torchEager", "fullWidth")).toEqual([1.25, 1.25, 1.05, 1]);
    expect(least("torchEager", "halves")).toEqual([1.9, 1.9, 1.5, 1.5]);
    expect(least("torchFastest", "fullWidth")).toEqual([undefined, undefined, undefined, undefined]);
    expect(least("torchFastest", "halves")).toEqual([1.4, 1.4, 1.2, 1.2]);
    expect(least("onnxruntimeNode", "fullWidth")).toEqual([0.9, 1.1, 0.7, 0.7]);
    expect(least("onnxruntimeNode", "halves")).toEqual([1.4, 1.5, 1, 1]);
    expect(least("onnxruntimeWeb128", "halves")).toEqual([2.8, 2.8, 2.2, 2.2]);
  });
});

describe("the outcomes of a workload", () => {
  const full = result("resnet18", {
    ...{ ours: [10, 20, 10], ours128: [15, 30, 15], onnxruntimeWeb: [45, 60, 45] },
    ...{ torchEager: [30, 30, 20], torchScript: [13, 26, 13], torchCompile: [15, 29, 15] },
  });

  it("are ratios of the same rounds, of several engines the fastest's", () => {
    const found = outcomesOf(full, "halves").map((one) => [one.target, one.engine, one.ratio.median, isMet(one)]);
    expect(found).toEqual([
      ["torchEager", "torchEager", 2, true],
      ["torchFastest", "torchScript", 1.3, false],
      ["onnxruntimeWeb", "onnxruntimeWeb", 4.5, true],
      ["onnxruntimeWeb128", "onnxruntimeWeb", 3, true],
    ]);
    expect(outcomesOf(full, "fullWidth").every(isMet)).toBe(true);
  });

  it("say nothing of engines that did not run", () => {
    const { torchCompile, ...engines } = full.engines;
    expect(torchCompile).toBeDefined();
    expect(outcomesOf({ ...full, engines }, "halves").map(({ target }) => target)).not.toContain("torchFastest");
    expect(outcomesOf(result("resnet18", { torchEager: [1] }), "halves")).toEqual([]);
  });

  it("fall short where a target is missed, and where a peer could not be had", () => {
    expect(shortfallsOf([full], "halves")).toEqual(["MISSED: resnet18/1: PyTorch, the fastest: 1.3 < 1.4"]);
    expect(shortfallsOf([full], "fullWidth")).toEqual([]);
    const gap = { ...full, leftOut: ["PyTorch, eager: no module torch"] };
    expect(shortfallsOf([full, gap], "fullWidth")).toEqual(["LEFT OUT: resnet18/1: PyTorch, eager: no module torch"]);
  });

  it("become tables that say mode, threads, target and verdict", () => {
    const times = cpuTimesTable([
      { ...full, engines: { ...full.engines, oursOther: measured([20, 40, 20], 1) } },
      result("resnet18", { ours: [30] }, 8),
    ]);
    expect(times).toMatch(/resnet18 \| 1 +\| residual, latency +\| 10\.0 \| 10\.0 to 15\.0 \| 360\.00 +\| +\| +\|/);
    expect(times).toMatch(/\| residual, throughput, 1 thread +\| 20\.0 \|.* 2\.00 /);
    expect(times).toMatch(/\| 8 +\| residual, throughput +\| 30\.0/);
    const lines = targetsTable([full], "halves").split("\n");
    expect(lines[2]).toMatch(/PyTorch, eager +\| 2\.00 +\| 1\.9 +\| met/);
    expect(lines[3]).toMatch(/PyTorch, the fastest \(optimize_for_inference\) +\| 1\.30 +\| 1\.4 +\| MISSED/);
    expect(targetsTable([full], "fullWidth")).toMatch(/the fastest .* 1\.30 +\| +\| recorded/);
  });

  it("become a page that names the machine, versions and what was left out", () => {
    const conditions = {
      ...{ date: "2026-01-31T10:00:00.000Z", commit: "0123456789abcdef", modified: false, load: 0.25 },
      ...{ host: "halves" as const, node: "24.0.0" },
    };
    const machine = { cpu: "AMD EPYC", cores: 2, memoryGiB: 8 };
    const gap = { ...result("resnet101", { ours: [9] }), leftOut: ["PyTorch, eager: no module torch"], conditions };
    const record = withResult({ machine, results: [gap] }, { ...full, conditions }, keyOfCpu);
    expect(record.results.map(keyOfCpu)).toEqual(["resnet18/1", "resnet101/1"]);
    const page = cpuPage(record, "file.json");
    expect(page).toContain("AMD EPYC, 2 cores, 8 GiB; its AVX-512 runs in halves");
    expect(page).toContain("Node 24.0.0; residual: 1.2; PyTorch, eager: 1.2;");
    expect(page).toContain("Other programs used at most 1 % of a processor");
    expect(page).toContain("- resnet101/1: PyTorch, eager: no module torch");
    expect(page).toMatch(/\| resnet18 +\| 1 +\| 3 +\| 0123456789ab +\| 2026-01-31 10:00 UTC \| 0\.3/);
  });
});
