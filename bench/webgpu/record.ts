/** What is kept of the benchmark on WebGPU, and the page made of it. Pure. */
import { describeMachine, type RecordOf, type SourceConditions } from "../common/record.ts";
import { conditionsTable } from "../common/result-tables.ts";
import type { EngineName } from "./engine-names.ts";
import { type Result, resultTable, titles } from "./report.ts";

export interface Conditions extends SourceConditions {
  readonly browser: string;
  readonly adapter: string;
  readonly versions: Partial<Record<EngineName, string>>;
}

export interface RecordedResult extends Result {
  readonly conditions: Conditions;
}

/** One of a network and batch is in the place of an older one. */
export function keyOf({ model, batch }: Result): string {
  return `${model}/${batch}`;
}

/** The page bench/results/webgpu.md; `file` is the record's. */
export function recordPage({ machine, results }: RecordOf<RecordedResult>, file: string): string {
  return `# WebGPU beside other engines

Photos in JavaScript's memory to logits in JavaScript's memory, upload and readback included; float32; all engines in one page of one
browser, interleaved. "Times ours" is how many times longer the engine took than ours in the same round, the median over the rounds: above
1, ours is faster. "${titles.oursGemm}" is ours with the larger of the two convolution tiles that graphics cards get; on an adapter
in software it has others. The error is the largest relative one against PyTorch. All numbers are in [${file}](${file});
how they come about is in [bench/README.md](../README.md).

Machine: ${describeMachine(machine)}. Adapter: ${unique(results.map((result) => result.conditions.adapter))}, a GPU in software.
Browser: Chromium ${unique(results.map((result) => result.conditions.browser))}. ${unique(results.map(peersOf))}.

${resultTable(results)}

${conditionsTable(results)}
`;
}

function unique(texts: readonly string[]): string {
  return [...new Set(texts)].join("; ");
}

function peersOf({ conditions }: RecordedResult): string {
  const peers = (["tfjs", "onnxruntime"] as const).filter((name) => conditions.versions[name] !== undefined);
  return peers.map((name) => `${titles[name]} ${conditions.versions[name]}`).join(", ");
}
