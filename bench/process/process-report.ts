/** What benchmarks of whole commands found, and the page made of it. Pure: nothing is measured here. */
import { markdownTable } from "../common/markdown-table.ts";
import {
  describeCommit,
  describeDate,
  describeMachine,
  type RecordOf,
  type SourceConditions,
} from "../common/record.ts";
import { ratiosOf, spreadOf } from "../common/statistics.ts";

export interface ProcessMeasured {
  /** Of each round, in order, from the start of the process to its end. */
  readonly milliseconds: readonly number[];
  /** Of each round; of several processes the largest one's. */
  readonly peakMiB: readonly number[];
  /** Milliseconds of each round without the start of the process, where the command says them. */
  readonly withoutStart?: readonly number[];
  /** Largest relative error of a vector, against ours. */
  readonly error: number;
}

export interface ProcessResult {
  readonly model: string;
  /** How many images a command is given. */
  readonly images: number;
  /** By a title for people; `residual` is ours, and `residual …` ours with other options. */
  readonly commands: Readonly<Record<string, ProcessMeasured>>;
}

export interface RecordedProcessResult extends ProcessResult {
  readonly outcomes: readonly ProcessOutcome[];
  readonly conditions: SourceConditions & { readonly node: string; readonly python: string };
}

/** A target of the issue beside what was found. */
export interface ProcessOutcome {
  readonly what: string;
  readonly found: number;
  readonly least?: number;
  readonly most?: number;
}

export const ours = "residual";

export function keyOfProcess({ model, images }: ProcessResult): string {
  return `${model}/${images}`;
}

export function isReached({ found, least = -Infinity, most = Infinity }: ProcessOutcome): boolean {
  return found >= least && found <= most;
}

/** How many times more of `what` a command took than ours in the same round, the median over the rounds. */
export function timesOurs(result: ProcessResult, command: string, what: "milliseconds" | "peakMiB"): number {
  const measured = result.commands[command]!;
  return spreadOf(ratiosOf(measured[what], result.commands[ours]![what])).median;
}

/** Of the commands that are not ours, the one with the shortest time; nothing where there is none. */
export function fastestOther({ commands }: ProcessResult): string | undefined {
  const median = (name: string) => spreadOf(commands[name]!.milliseconds).median;
  return Object.keys(commands)
    .filter((name) => !name.startsWith(ours))
    .sort((a, b) => median(a) - median(b))[0];
}

export function commandsTable(results: readonly ProcessResult[]): string {
  const head = ["network", "images", "command", "ms", "quartiles", "images a second", "without start", "times ours"];
  const rows = results.flatMap((result) =>
    Object.entries(result.commands).map(([name, { milliseconds, peakMiB, withoutStart, error }]) => {
      const { median, low, high } = spreadOf(milliseconds);
      const rate = (ms: number) => ((1000 * result.images) / ms).toFixed(2);
      return [
        ...[result.model, String(result.images), name, median.toFixed(0), `${low.toFixed(0)} to ${high.toFixed(0)}`],
        ...[rate(median), withoutStart ? rate(spreadOf(withoutStart).median) : ""],
        name === ours ? "" : timesOurs(result, name, "milliseconds").toFixed(2),
        spreadOf(peakMiB).median.toFixed(0),
        name === ours ? "" : timesOurs(result, name, "peakMiB").toFixed(2),
        name === ours ? "" : error.toExponential(1),
      ];
    }),
  );
  return markdownTable([[...head, "peak MiB", "times ours", "error"], ...rows]);
}

export function outcomesTable(
  results: readonly Pick<RecordedProcessResult, "model" | "images" | "outcomes">[],
): string {
  const rows = results.flatMap(({ model, images, outcomes }) =>
    outcomes.map((outcome) => {
      const { what, found, least, most } = outcome;
      const target = least === undefined ? (most === undefined ? "" : `at most ${most}`) : `at least ${least}`;
      return [model, String(images), what, found.toFixed(2), target, isReached(outcome) ? "met" : "MISSED"];
    }),
  );
  return markdownTable([["network", "images", "what", "found", "target", ""], ...rows]);
}

/** A page bench/results/KIND.md; `file` is the record's, `about` what was done. */
export function processPage(
  { title, about }: { readonly title: string; readonly about: string },
  { machine, results }: RecordOf<RecordedProcessResult>,
  file: string,
): string {
  const versions = results.map(({ conditions }) => `Node ${conditions.node}; ${conditions.python}`);
  const conditions = results.map((result) => {
    const { date, load } = result.conditions;
    const rounds = Math.max(...Object.values(result.commands).map(({ milliseconds }) => milliseconds.length));
    return [
      ...[result.model, String(result.images), String(rounds), describeCommit(result.conditions)],
      ...[describeDate(date), load.toFixed(1)],
    ];
  });
  return `# ${title}

${about} "Times ours" is how many times more the command took than ours in the same
round, the median over the rounds: above 1, ours is better. All numbers are in [${file}](${file}); how they come about is in
[bench/README.md](../README.md).

Machine: ${describeMachine(machine)}.
${[...new Set(versions)].join("; ")}.

${outcomesTable(results)}

${commandsTable(results)}

${markdownTable([["network", "images", "rounds", "residual's commit", "measured", "load before"], ...conditions])}
`;
}
