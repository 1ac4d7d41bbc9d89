/** What is kept in bench/results: one JSON file a benchmark, day and machine, filled result by result. Pure; keep-result.ts writes it. */

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
}

/** When and from what a result was measured. */
export interface SourceConditions {
  readonly date: string;
  /** The commit, and whether files that matter differed from it. */
  readonly commit: string;
  readonly modified: boolean;
  /** Programs that wanted to run, averaged over the minute before: what else the machine did. */
  readonly load: number;
}

export interface RecordOf<Result> {
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** The record with `result` in it, in the place of one of the same key; in the order of the keys, numbers in them by value. */
export function withResult<Result>(
  record: RecordOf<Result>,
  result: Result,
  keyOf: (result: Result) => string,
): RecordOf<Result> {
  const others = record.results.filter((other) => keyOf(other) !== keyOf(result));
  const inOrder = (a: Result, b: Result) => keyOf(a).localeCompare(keyOf(b), "en", { numeric: true });
  return { ...record, results: [...others, result].sort(inOrder) };
}

/** `webgpu-2026-01-31-amd-epyc-2-cores.json`, where `kind` is webgpu. */
export function recordFile(kind: string, machine: Machine, date: string): string {
  const slug = `${machine.cpu} ${machine.cores} cores`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `${kind}-${date.slice(0, 10)}-${slug}.json`;
}

export function describeMachine({ cpu, cores, memoryGiB }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB`;
}

/** `0123456789ab with changes` */
export function describeCommit({ commit, modified }: SourceConditions): string {
  return `${commit.slice(0, 12)}${modified ? " with changes" : ""}`;
}

/** `2026-01-31 10:00 UTC` */
export function describeDate(date: string): string {
  return `${date.slice(0, 16).replace("T", " ")} UTC`;
}
