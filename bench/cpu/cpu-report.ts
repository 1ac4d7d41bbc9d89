/** What the benchmark on the CPU found, beside what it must show, and the page made of it. Pure: nothing is measured here. */
import type { OptimizeFor } from "../../src/kernels/op.ts";
import { markdownTable } from "../common/markdown-table.ts";
import { describeMachine, type RecordOf, type SourceConditions } from "../common/record.ts";
import { conditionsTable, type Timed, timesOver, timesTable } from "../common/result-tables.ts";
import type { Spread } from "../common/statistics.ts";
import { type CpuEngineName, cpuEngineNames, cpuEngines, engineTitle } from "./cpu-engines.ts";
import { type HostKind, hostKinds, type TargetName, targetNames, targetOf, targets } from "./cpu-targets.ts";

/** Times by the round are medians of its runs. Errors: ours against PyTorch's goldens, the others against ours. */
export interface CpuMeasured extends Timed {
  /** Runs a round. */
  readonly runs: number;
  readonly version: string;
  readonly threads: number;
  /** Share of one processor that it used while others ran. */
  readonly idle: number;
}

export interface CpuResult {
  readonly model: string;
  readonly batch: number;
  /** What our kernels were chosen for. */
  readonly optimizeFor: OptimizeFor;
  /** Floating-point operations of the whole batch. */
  readonly flops: number;
  readonly engines: Partial<Record<CpuEngineName, CpuMeasured>>;
  /** Engines that could not be had, and why. */
  readonly leftOut: readonly string[];
  /** How much of a processor other programs used during the rounds. */
  readonly others: number;
}

export interface RecordedCpuResult extends CpuResult {
  readonly conditions: SourceConditions & { readonly host: HostKind; readonly node: string };
}

/** One of a network and batch is in the place of an older one. */
export function keyOfCpu({ model, batch }: CpuResult): string {
  return `${model}/${batch}`;
}

/** A target of the issue beside what was found. `least` is nothing where it is only recorded. */
export interface Outcome {
  readonly target: TargetName;
  readonly ratio: Spread;
  /** The engine that it was measured against: of several, the fastest. */
  readonly engine: CpuEngineName;
  readonly least?: number;
}

export function outcomesOf(result: CpuResult, host: HostKind): Outcome[] {
  return targetNames.flatMap((target) => {
    const { engines, base } = targets[target];
    const ratios = engines.flatMap((engine) => {
      const [peer, ours] = [result.engines[engine], result.engines[base]];
      if (!peer || !ours) return [];
      return [{ target, engine, ratio: timesOver(peer, ours), least: targetOf(target, host, result) }];
    });
    // "The fastest of" three says something only where all of them ran.
    if (ratios.length < engines.length) return [];
    return ratios.toSorted((a, b) => a.ratio.median - b.ratio.median).slice(0, 1);
  });
}

export function isMet({ ratio, least }: Outcome): boolean {
  return least === undefined || ratio.median >= least;
}

/** What keeps a run from being whole and good, a line each: missed targets, and peers that could not be had. */
export function shortfallsOf(results: readonly CpuResult[], host: HostKind): string[] {
  return results.flatMap((result) => {
    const missed = outcomesOf(result, host).filter((outcome) => !isMet(outcome));
    return [
      ...missed.map(
        ({ target, ratio, least }) =>
          `MISSED: ${keyOfCpu(result)}: ${targets[target].title}: ${ratio.median} < ${least}`,
      ),
      ...result.leftOut.map((line) => `LEFT OUT: ${keyOfCpu(result)}: ${line}`),
    ];
  });
}

/** The table of times, as Markdown. */
export function cpuTimesTable(results: readonly CpuResult[]): string {
  const rows = results.flatMap(({ model, batch, optimizeFor, flops, engines }) =>
    cpuEngineNames.flatMap((name) => {
      const measured = engines[name];
      if (!measured) return [];
      const ratio = name === "ours" || !engines.ours ? undefined : timesOver(measured, engines.ours);
      return [{ network: model, batch, flops, engine: titleOf(name, measured, optimizeFor), ratio, ...measured }];
    }),
  );
  return timesTable(rows);
}

function titleOf(name: CpuEngineName, { threads }: CpuMeasured, mode: OptimizeFor): string {
  const title = engineTitle(name, mode);
  return threads === 2 ? title : `${title}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/** The table of targets, as Markdown. */
export function targetsTable(results: readonly CpuResult[], host: HostKind): string {
  const rows = [["network", "batch", "peer", "times ours", "target", ""]];
  for (const result of results)
    for (const outcome of outcomesOf(result, host)) {
      const { target, engine, ratio, least } = outcome;
      const { title, engines } = targets[target];
      const peer = engines.length > 1 ? `${title} (${cpuEngines[engine].title.replace("PyTorch, ", "")})` : title;
      const verdict = least === undefined ? "recorded" : isMet(outcome) ? "met" : "MISSED";
      rows.push([result.model, String(result.batch), peer, ratio.median.toFixed(2), least?.toString() ?? "", verdict]);
    }
  return markdownTable(rows);
}

/** The page bench/results/cpu.md; `file` is the record's. */
export function cpuPage({ machine, results }: RecordOf<RecordedCpuResult>, file: string): string {
  const host = results[0]!.conditions.host;
  return `# The CPU backend beside other engines

Photos in memory to logits in memory; float32; two threads, unless a row says otherwise; each engine in a process of its own, interleaved.
"Times ours" is how many times longer the engine took than ours in the same round, the median over the rounds: above 1, ours is
faster. Batch 1 is measured in the mode latency and batch 8 in throughput. The error is the largest relative one: ours against PyTorch's goldens,
the others' against ours. All numbers are in [${file}](${file}); how they come about is in [bench/README.md](../README.md).

Machine: ${describeMachine(machine)}; ${hostKinds[host]}.
${versionsOf(results)}.
${leftOutOf(results)}
## Targets

${targetsTable(results, host)}

## Times

${cpuTimesTable(results)}

## Conditions

${conditionsTable(results)}

Other programs used at most ${(100 * Math.max(...results.map(({ others }) => others))).toFixed(0)} % of a processor meanwhile.
`;
}

function versionsOf(results: readonly RecordedCpuResult[]): string {
  const texts = results.flatMap(({ engines, conditions }) => [
    `Node ${conditions.node}`,
    ...cpuEngineNames.flatMap((name) => (engines[name] ? [`${cpuEngines[name].title}: ${engines[name].version}`] : [])),
  ]);
  return [...new Set(texts)].join("; ");
}

function leftOutOf(results: readonly RecordedCpuResult[]): string {
  const lines = results.flatMap((result) => result.leftOut.map((line) => `- ${keyOfCpu(result)}: ${line}`));
  return lines.length === 0 ? "" : `\nNot measured:\n\n${lines.join("\n")}\n`;
}
