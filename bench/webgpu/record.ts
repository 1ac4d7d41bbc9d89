/** What is kept in bench/results: one JSON file a machine and day, filled workload by workload, and a page made of it. Pure. */
import { markdownTable, type Result, resultTable, titles } from "./report.ts";
import type { EngineName } from "./runner.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
}

export interface Conditions {
  readonly date: string;
  /** The commit, and whether files of src/ or bench/ differed from it. */
  readonly commit: string;
  readonly modified: boolean;
  /** Programs that wanted to run, averaged over the minute before: what else the machine did. */
  readonly load: number;
  readonly browser: string;
  readonly adapter: string;
  readonly versions: Partial<Record<EngineName, string>>;
}

export interface RecordedResult extends Result {
  readonly conditions: Conditions;
}

export interface BenchRecord {
  readonly machine: Machine;
  readonly results: readonly RecordedResult[];
}

/** The record with `result` in it, in the place of one of the same network and batch. */
export function withResult(record: BenchRecord, result: RecordedResult): BenchRecord {
  const others = record.results.filter(({ model, batch }) => model !== result.model || batch !== result.batch);
  const results = [...others, result].sort((a, b) =>
    a.model < b.model ? -1 : a.model > b.model ? 1 : a.batch - b.batch,
  );
  return { ...record, results };
}

/** `webgpu-2026-01-31-amd-epyc-2-cores.json` */
export function recordFile(machine: Machine, date: string): string {
  const slug = `${machine.cpu} ${machine.cores} cores`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `webgpu-${date.slice(0, 10)}-${slug}.json`;
}

/** The page bench/results/webgpu.md; `file` is the record's. */
export function recordPage({ machine, results }: BenchRecord, file: string): string {
  return `# WebGPU beside other engines

Photos in JavaScript's memory to logits in JavaScript's memory, upload and readback included; float32; all engines in one page of one
browser, interleaved. "Times ours" is how many times longer the engine took than ours in the same round, the median over the rounds: above
1, ours is faster. "${titles.oursGemm}" is ours with the larger of the two convolution tiles that graphics cards get; on an adapter
in software it has others. The error is the largest relative one against PyTorch. All numbers are in [${file}](${file});
how they come about is in [bench/README.md](../README.md).

Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB. Adapter: ${unique(results.map((result) => result.conditions.adapter))}, a GPU in software.
Browser: Chromium ${unique(results.map((result) => result.conditions.browser))}. ${unique(results.map(peersOf))}.

${resultTable(results)}

${markdownTable([["network", "batch", "rounds", "residual's commit", "measured", "load before"], ...results.map(conditionsRow)])}
`;
}

function unique(texts: readonly string[]): string {
  return [...new Set(texts)].join("; ");
}

function peersOf({ conditions }: RecordedResult): string {
  const peers = (["tfjs", "onnxruntime"] as const).filter((name) => conditions.versions[name] !== undefined);
  return peers.map((name) => `${titles[name]} ${conditions.versions[name]}`).join(", ");
}

function conditionsRow({ model, batch, engines, conditions }: RecordedResult): string[] {
  const { date, commit, modified, load } = conditions;
  const rounds = Math.max(...Object.values(engines).map(({ milliseconds }) => milliseconds.length));
  const at = `${date.slice(0, 16).replace("T", " ")} UTC`;
  const source = `${commit.slice(0, 12)}${modified ? " with changes" : ""}`;
  return [model, String(batch), String(rounds), source, at, load.toFixed(1)];
}
