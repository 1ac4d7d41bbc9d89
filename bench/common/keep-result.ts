/** Writes results into bench/results, and says what machine and sources they come from. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { type Machine, type RecordOf, recordFile, type SourceConditions, withResult } from "./record.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export function thisMachine(): Machine {
  return { cpu: cpus()[0]!.model.trim(), cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) };
}

/** As they are now; `paths`, beside src/, are the files that matter. */
export function conditionsNow(...paths: string[]): SourceConditions {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const modified = git("status", "--porcelain", "src", ...paths) !== "";
  return { date: new Date().toISOString(), commit: git("rev-parse", "HEAD"), modified, load: loadavg()[0]! };
}

export interface KeepOptions<Result> {
  /** The benchmark: its JSON file begins so, and its page is KIND.md. */
  readonly kind: string;
  readonly date: string;
  readonly keyOf: (result: Result) => string;
  /** The page of a record; `file` is the record's. */
  readonly page: (record: RecordOf<Result>, file: string) => string;
}

/** Puts `result` into today's file of this machine, in the place of an older one of its key, and writes the page anew. Gives the file. */
export async function keepResult<Result>(result: Result, options: KeepOptions<Result>): Promise<string> {
  const { kind, date, keyOf, page } = options;
  const machine = thisMachine();
  const folder = `${root}bench/results`;
  const file = recordFile(kind, machine, date);
  await mkdir(folder, { recursive: true });
  const known = existsSync(`${folder}/${file}`)
    ? (JSON.parse(await readFile(`${folder}/${file}`, "utf8")) as RecordOf<Result>)
    : { machine, results: [] };
  const next = withResult(known, result, keyOf);
  await writeFile(`${folder}/${file}`, `${JSON.stringify(next, null, 1)}\n`);
  await writeFile(`${folder}/${kind}.md`, page(next, file));
  return `bench/results/${file}`;
}

/** A line on standard error with the time before it. */
export function say(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
}
