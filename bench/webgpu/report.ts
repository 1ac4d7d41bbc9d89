/** The record of a benchmark of WebGPU, and the table made of it. Pure: nothing is measured here. */
import type { EngineName } from "./runner.ts";
import { ratiosOf, type Spread, spreadOf } from "./statistics.ts";

export interface Measured {
  /** Of each round, in order. */
  readonly milliseconds: readonly number[];
  /** Largest relative error, max|a-b| / max|b|, against PyTorch for a network and against ours for a layer. */
  readonly error: number;
}

export interface Result {
  readonly model: string;
  readonly batch: number;
  /** A convolution alone, where not the whole network ran; `count` is how often the network has it. */
  readonly layer?: { readonly label: string; readonly count: number };
  /** Floating-point operations of the whole batch. */
  readonly flops: number;
  readonly engines: Partial<Record<EngineName, Measured>>;
}

export interface BenchRecord {
  readonly date: string;
  /** The commit, and whether files of src/ differed from it. */
  readonly commit: string;
  readonly modified: boolean;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number; readonly load: number };
  readonly browser: string;
  readonly adapter: string;
  readonly versions: Partial<Record<EngineName, string>>;
  readonly results: readonly Result[];
}

const titles: Record<EngineName, string> = {
  ours: "residual",
  oursGemm: "residual, wgsl-gemm",
  tfjs: "TensorFlow.js",
  onnxruntime: "onnxruntime-web",
};

/** How many times longer each other engine took than `base`, by rounds; nothing where that was not measured. */
export function timesOf(base: EngineName, { engines }: Result): Partial<Record<EngineName, Spread>> {
  const measured = engines[base];
  if (!measured) return {};
  const others = (Object.entries(engines) as [EngineName, Measured][]).filter(([name]) => name !== base);
  return Object.fromEntries(
    others.map(([name, { milliseconds }]) => [name, spreadOf(ratiosOf(milliseconds, measured.milliseconds))]),
  );
}

/** What one of ours was slower than TensorFlow.js in, one line each. */
export function slowerThanTfjs(results: readonly Result[]): string[] {
  const pairs = results.flatMap((result) => (["ours", "oursGemm"] as const).map((own) => ({ result, own })));
  return pairs.flatMap(({ result, own }) => {
    const ratio = timesOf(own, result).tfjs;
    if (!ratio || ratio.median >= 1) return [];
    const what = [result.model, result.layer?.label, `batch ${result.batch}`].filter((part) => part !== undefined);
    return [`${what.join(", ")}: TensorFlow.js takes ${ratio.median.toFixed(2)} times as long as ${titles[own]}`];
  });
}

/** The table, as Markdown. */
export function resultTable(results: readonly Result[]): string {
  const rows = [["network", "batch", "engine", "ms", "quartiles", "GFLOP/s", "times ours", "quartiles", "error"]];
  for (const result of results) {
    const ratios = timesOf("ours", result);
    for (const [name, measured] of Object.entries(result.engines) as [EngineName, Measured][]) {
      const { median, low, high } = spreadOf(measured.milliseconds);
      const ratio = ratios[name];
      const layer = result.layer && `, ${result.layer.count} × ${result.layer.label}`;
      rows.push([
        `${result.model}${layer ?? ""}`,
        String(result.batch),
        titles[name],
        median.toFixed(0),
        `${low.toFixed(0)} to ${high.toFixed(0)}`,
        (result.flops / median / 1e6).toFixed(2),
        ratio ? ratio.median.toFixed(2) : "",
        ratio ? `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}` : "",
        measured.error.toExponential(1),
      ]);
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`);
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return lines.join("\n");
}

/** The page bench/results/webgpu.md. */
export function resultPage(record: BenchRecord, file: string): string {
  const { machine, versions } = record;
  const rounds = record.results.map(({ engines }) => engines.ours?.milliseconds.length ?? 0);
  const named = (Object.keys(versions) as EngineName[])
    .filter((name) => !name.startsWith("ours"))
    .map((name) => `${titles[name]} ${versions[name]}`);
  return `# WebGPU beside other engines

Photos in JavaScript's memory to logits in JavaScript's memory, upload and readback included; float32; all in one page of one browser,
interleaved, ${Math.min(...rounds)} to ${Math.max(...rounds)} rounds. "Times ours" is how many times longer the engine took than ours in the same round, the median
over the rounds: above 1, ours is faster. "residual, wgsl-gemm" is ours with the convolutions that a graphics card gets; on an adapter in
software it has others. The error is the largest relative one against PyTorch. All numbers are in [${file}](${file}); how
they come about is in [bench/README.md](../README.md).

- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; load ${machine.load.toFixed(1)} before the first round
- Adapter: ${record.adapter}, a GPU in software; Chromium ${record.browser}
- Engines: residual at ${record.commit.slice(0, 12)}${record.modified ? " with changes" : ""}; ${named.join("; ")}
- Date: ${record.date}

${resultTable(record.results)}
`;
}

/** `webgpu-2026-01-31-amd-epyc-2-cores.json` */
export function resultFile({ date, machine }: BenchRecord): string {
  const slug = `${machine.cpu} ${machine.cores} cores`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `webgpu-${date.slice(0, 10)}-${slug}.json`;
}
