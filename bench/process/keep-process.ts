/** What benchmarks of whole commands have in common: their folder for files, their Python, and how a result is kept, printed and judged. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conditionsNow, keepResult, say } from "../common/keep-result.ts";
import {
  commandsTable,
  isReached,
  keyOfProcess,
  outcomesTable,
  type ProcessOutcome,
  type ProcessResult,
  processPage,
} from "./process-report.ts";
import { findPythonPeer, type PythonPeer } from "./python-peer.ts";

export interface ProcessBench {
  /** Of results and of this benchmark's folder in bench/. */
  readonly kind: string;
  readonly title: string;
  /** What was done, for the page. */
  readonly about: string;
  readonly record: boolean;
}

/** Nothing where there is none, which is said loudly. */
export async function pythonPeerOf(python: string): Promise<PythonPeer | undefined> {
  const found = await findPythonPeer(python);
  if (!("missing" in found)) return found;
  say(`LEFT OUT: the Python script is not measured: ${python}: ${found.missing}`);
  return undefined;
}

/** Removes the folder afterwards, whatever happened. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "residual-bench-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Measures one result with its outcomes; records it where the benchmark does; prints it. Sets the exit code to 1 where a target is missed. */
export async function measureAndKeep(
  { kind, title, about, record }: ProcessBench,
  peer: PythonPeer | undefined,
  measure: () => Promise<{ readonly result: ProcessResult; readonly outcomes: readonly ProcessOutcome[] }>,
): Promise<void> {
  const before = conditionsNow("bench/common", "bench/peers", "bench/process", `bench/${kind}`);
  const { result, outcomes } = await measure();
  const conditions = { ...before, node: process.versions.node, python: peer?.versions ?? "no PyTorch" };
  const kept = { ...result, outcomes, conditions };
  console.log(`${commandsTable([result])}\n\n${outcomesTable([kept])}\n`);
  if (!outcomes.every(isReached)) process.exitCode = 1;
  if (!record) return;
  const page = (all: Parameters<typeof processPage>[1], file: string) => processPage({ title, about }, all, file);
  say(`recorded in ${await keepResult(kept, { kind, date: before.date, keyOf: keyOfProcess, page })}`);
}
