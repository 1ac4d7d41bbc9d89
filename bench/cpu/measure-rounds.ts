/** One workload on several engines: each opened, checked and warmed up, then timed in rounds, one engine after another in each. */
import { setTimeout as sleep } from "node:timers/promises";
import { relativeError } from "../../test/support/compare.ts";
import { processorTimeOf, processorTimeOfAll } from "../common/processor-time.ts";
import { spreadOf } from "../common/statistics.ts";
import type { CpuEngineName } from "./cpu-engines.ts";
import type { CpuMeasured } from "./cpu-report.ts";
import type { EngineProcess } from "./engine-process.ts";

export interface RoundsOptions {
  /** Of the workload, for people. */
  readonly name: string;
  readonly titleOf: (engine: CpuEngineName) => string;
  readonly rounds: number;
  /** How long an engine runs in a round. */
  readonly seconds: number;
  /** PyTorch's logits of the goldens: ours is checked against them, as far as they go, and the others against ours. */
  readonly expected: Float32Array;
  readonly say: (line: string) => void;
}

/** An engine further off than that computes something else. */
const limit = 1e-4;
/** An engine may use as much of a processor while others run, and so may other programs. */
const idleLimit = 0.02;
/** Milliseconds between two engines: what spins after its work has gone to sleep by then. */
const pause = 100;

interface Opened {
  readonly name: CpuEngineName;
  readonly process: EngineProcess;
  readonly version: string;
  readonly threads: number;
  readonly error: number;
  /** Runs a round. */
  readonly runs: number;
  readonly milliseconds: number[];
  /** Processor time used while others ran, and how long they ran. */
  readonly idle: { used: number; time: number };
}

export interface MeasuredRounds {
  readonly engines: Partial<Record<CpuEngineName, CpuMeasured>>;
  /** Engines that could not be had, and why. */
  readonly leftOut: readonly string[];
  /** How much of a processor other programs used during the rounds. */
  readonly others: number;
}

/** Starts each of `engines`, in order; the first is ours. Throws where one cannot run the workload or is off. */
export async function measureRounds(
  engines: readonly { readonly name: CpuEngineName; readonly start: () => EngineProcess }[],
  options: RoundsOptions,
): Promise<MeasuredRounds> {
  const started: EngineProcess[] = [];
  try {
    const opened: Opened[] = [];
    const missing = new Map<string, string[]>();
    let ours: Float32Array | undefined;
    for (const { name, start } of engines) {
      const process = start();
      started.push(process);
      const ready = await process.ready();
      if ("missing" in ready) {
        missing.set(ready.missing, [...(missing.get(ready.missing) ?? []), options.titleOf(name)]);
        continue;
      }
      const engine = await open({ name, process, ...ready }, ours ?? options.expected, options);
      ours ??= engine.output;
      opened.push(engine);
    }
    const leftOut = [...missing].map(([why, titles]) => `${titles.join("; ")}: ${why}`);
    for (const line of leftOut) options.say(`LEFT OUT: ${line}`);
    const before = timeOfOthers(opened);
    const start = performance.now();
    for (let round = 0; round < options.rounds; round++) await runRound(opened, ours!, round, options);
    const others = (timeOfOthers(opened) - before) / (performance.now() - start);
    if (others > idleLimit) options.say(`BUSY: other programs used ${(100 * others).toFixed(0)} % of a processor`);
    return {
      engines: Object.fromEntries(opened.map((engine) => [engine.name, measuredOf(engine, options)])),
      leftOut,
      others,
    };
  } finally {
    for (const process of started) await process.stop();
  }
}

/** Processor time of programs that are no part of this. */
function timeOfOthers(engines: readonly Opened[]): number {
  const own = engines.reduce(
    (sum, { process }) => sum + (process.cpuMilliseconds() ?? 0),
    processorTimeOf("self") ?? 0,
  );
  return (processorTimeOfAll() ?? own) - own;
}

async function open(
  engine: Pick<Opened, "name" | "process" | "version" | "threads">,
  right: Float32Array,
  options: RoundsOptions,
): Promise<Opened & { readonly output: Float32Array }> {
  const { name, process, version, threads } = engine;
  const output = Float32Array.from((await process.run(1)).output);
  const error = checked(name, output, right, options);
  const [warm] = (await process.run(1)).milliseconds;
  const runs = Math.max(1, Math.round((options.seconds * 1000) / warm!));
  options.say(
    `${options.name}: ${options.titleOf(name)} ${version} is ready on ${threads} ${threads === 1 ? "thread" : "threads"}: ` +
      `error ${error.toExponential(1)}, a warm run ${warm!.toFixed(1)} ms`,
  );
  return { ...engine, error, output, runs, milliseconds: [], idle: { used: 0, time: 0 } };
}

async function runRound(
  engines: readonly Opened[],
  right: Float32Array,
  round: number,
  options: RoundsOptions,
): Promise<void> {
  for (const engine of turn(engines, round)) {
    await sleep(pause);
    const others = engines.filter((other) => other !== engine);
    const before = others.map(({ process }) => process.cpuMilliseconds());
    const start = performance.now();
    const { milliseconds, output } = await engine.process.run(engine.runs);
    const time = performance.now() - start;
    for (const [i, { process, idle }] of others.entries()) {
      idle.used += (process.cpuMilliseconds() ?? 0) - (before[i] ?? 0);
      idle.time += time;
    }
    engine.milliseconds.push(spreadOf(milliseconds).median);
    checked(engine.name, Float32Array.from(output), right, options);
  }
  const last = engines.map(({ name, milliseconds }) => `${name} ${milliseconds.at(-1)!.toFixed(1)}`);
  options.say(`${options.name}: round ${round + 1} of ${options.rounds}: ${last.join(", ")} ms`);
}

/** Another one begins in each round, and every second round goes backwards: nobody always runs after the same neighbour. */
function turn<T>(engines: readonly T[], round: number): T[] {
  const first = round % engines.length;
  const order = [...engines.slice(first), ...engines.slice(0, first)];
  return round % 2 === 0 ? order : order.reverse();
}

/** Gives the relative error; `right` may be of the first images alone. */
function checked(name: CpuEngineName, output: Float32Array, right: Float32Array, options: RoundsOptions): number {
  const error = relativeError(output.subarray(0, right.length), right);
  if (error <= limit) return error;
  throw new Error(`${options.name}: ${options.titleOf(name)} is off by ${error}, at most ${limit} is right`);
}

function measuredOf({ name, idle, ...engine }: Opened, options: RoundsOptions): CpuMeasured {
  const { milliseconds, error, version, threads, runs } = engine;
  const share = idle.time === 0 ? 0 : idle.used / idle.time;
  if (share > idleLimit)
    options.say(
      `NOT QUIET: ${options.titleOf(name)} used ${(100 * share).toFixed(1)} % of a processor while others ran`,
    );
  return { milliseconds, error, version, threads, runs, idle: share };
}
