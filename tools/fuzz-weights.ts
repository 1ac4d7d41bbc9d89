// npm run fuzz:weights -- [--count 20000] [--format NAME] [--seed N] [--index N]
//
// Damaged and hostile weight files of every format (tools/fuzz/formats.ts): each must be read right or be refused by a ResidualError, in 1 s of
// processor time (10 s by the clock, after which it is ended), with at most 64 MB above the file's size, and nothing may be executed.
//
// How it is measured: the cases run in child processes. Processor time, because the machine may be busy. Memory is the child's highest resident
// set (getrusage) above what it was when warm, garbage of earlier cases included: the case at which that exceeds the bound is run again alone in
// a fresh, warmed child, and only what shows again there counts; the others go on in another child. The child's bound on the
// heap is 256 MB: a case that exceeds it ends the child, which counts as a fault. "Nothing executed": the child runs under Node's permission
// model (no writing, no processes, no workers) and without code from strings, so that an attempt would throw an error that is not ours; and
// the file that the hostile pickles' commands would make must not exist afterwards.
//
// The seed is printed; a fault is made again by --format, --seed and --index.
import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Report, Task } from "./fuzz/child.ts";
import { fuzzFormats } from "./fuzz/formats.ts";
import { memoryLimit } from "./fuzz/judge.ts";

const limits = { cpuMs: 1000, wallMs: 10_000 };
const trace = "/tmp/residual-fuzz-was-here";

interface Outcome {
  read: number;
  refused: number;
  worstMs: number;
  worstBytes: number;
  faults: string[];
}

/** Runs the cases [from, to) in one child; gives the index at which it must be started again, where it ended early. */
function runChild(
  task: Task,
  onReport: (report: Extract<Report, { ended: number }>) => void,
): Promise<{ next: number; death?: string }> {
  const child = fork(new URL("./fuzz/child.ts", import.meta.url), {
    execArgv: [
      "--conditions=source",
      "--permission",
      "--allow-fs-read=*",
      "--disallow-code-generation-from-strings",
      "--max-old-space-size=256",
      "--wasm-wrapper-tiering-budget=1000000000",
      "--no-warnings",
    ],
  });
  return new Promise((resolve) => {
    let current = task.from;
    let clock: NodeJS.Timeout | undefined;
    let death: string | undefined;
    child.on("message", (report: Report) => {
      clearTimeout(clock);
      if ("begins" in report) {
        current = report.begins;
        clock = setTimeout(() => {
          death = `hangs: not done after ${limits.wallMs / 1000} s`;
          child.kill("SIGKILL");
        }, limits.wallMs);
      } else {
        current = report.ended + 1;
        onReport(report);
      }
    });
    child.on("exit", (code, signal) => {
      clearTimeout(clock);
      if (code === 0) resolve({ next: current });
      else resolve({ next: current + 1, death: death ?? `ended the process (${signal ?? `code ${code}`})` });
    });
    child.send(task);
  });
}

async function fuzz(format: string, seed: number, first: number, end: number): Promise<Outcome> {
  const outcome: Outcome = { read: 0, refused: 0, worstMs: 0, worstBytes: 0, faults: [] };
  const fault = (index: number, what: string) =>
    outcome.faults.push(`--format ${format} --seed ${seed} --index ${index}: ${what}`);
  const again: { index: number; bound: number }[] = [];
  for (let from = first; from < end; ) {
    const to = Math.min(from + 4000, end);
    const { next, death } = await runChild({ format, seed, from, to }, (report) => {
      const { ended, verdict, cpuMs, grown, bytes, name } = report;
      if (verdict === "read") outcome.read++;
      else if (verdict === "refused") outcome.refused++;
      else fault(ended, `${name}: ${verdict.fault}`);
      outcome.worstMs = Math.max(outcome.worstMs, cpuMs);
      if (cpuMs > limits.cpuMs) fault(ended, `${name}: took ${Math.round(cpuMs)} ms of processor time`);
      if (grown > memoryLimit + bytes) again.push({ index: ended, bound: memoryLimit + bytes });
      else outcome.worstBytes = Math.max(outcome.worstBytes, grown);
    });
    if (death) fault(next - 1, death);
    from = next;
  }
  for (const { index, bound } of again)
    await runChild({ format, seed, from: index, to: index + 1 }, ({ grown, name }) => {
      outcome.worstBytes = Math.max(outcome.worstBytes, grown);
      if (grown > bound) fault(index, `${name}: took ${Math.round(grown / 1e6)} MB`);
    });
  return outcome;
}

const { values } = parseArgs({
  options: {
    count: { type: "string" },
    format: { type: "string" },
    seed: { type: "string" },
    index: { type: "string" },
  },
});
const wholeOr = (name: "count" | "seed" | "index", otherwise: number): number => {
  const value = values[name] === undefined ? otherwise : Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`fuzz:weights: --${name} ${values[name]}: must be a whole number from 0`);
  process.exit(2);
};
const formats = values.format === undefined ? Object.keys(fuzzFormats) : [values.format];
if (!formats.every((name) => Object.hasOwn(fuzzFormats, name))) {
  console.error(`fuzz:weights: --format ${values.format}: use ${Object.keys(fuzzFormats).join(", ")}`);
  process.exit(2);
}
const seed = wholeOr("seed", Math.floor(Math.random() * 2 ** 31));
const index = wholeOr("index", 0);
const end = values.index === undefined ? wholeOr("count", 20_000) : index + 1;
if (existsSync(trace)) {
  console.error(`fuzz:weights: ${trace} exists: remove it, it tells whether something was executed`);
  process.exit(2);
}
console.log(`seed ${seed}`);
for (const format of formats) {
  const { read, refused, worstMs, worstBytes, faults } = await fuzz(format, seed, index, end);
  const most = `at most ${Math.round(worstMs)} ms and ${(worstBytes / 1e6).toFixed(1)} MB a file`;
  console.log(`${format}: ${end - index} files: ${read} read, ${refused} refused; ${most}; ${faults.length} faults`);
  for (const line of faults.slice(0, 20)) console.log(`  ${line}`);
  if (faults.length > 0) process.exitCode = 1;
}
if (existsSync(trace)) {
  console.log(`something was executed: ${trace} exists`);
  process.exitCode = 1;
}
