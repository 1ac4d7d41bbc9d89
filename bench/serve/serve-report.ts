/** What the service's benchmark found, beside what it must show, and the page made of it. Pure: nothing is measured here. */
import { markdownTable } from "../common/markdown-table.ts";
import {
  describeCommit,
  describeDate,
  describeMachine,
  type RecordOf,
  type SourceConditions,
} from "../common/record.ts";
import { type Spread, spreadOf } from "../common/statistics.ts";

/** One run of a load. */
export interface ServeMeasured {
  readonly seconds: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that broke. */
  readonly errors: number;
  readonly timeouts: number;
  /** Milliseconds from a request to the end of its answer, whatever its status. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number; readonly most: number };
}

export interface ServeResult {
  readonly depth: number;
  readonly connections: number;
  /** Good and bad bodies mixed. */
  readonly mixed: ServeMeasured;
  /** Images a second, good bodies alone, by the round: in batches of all callers, and one by one. */
  readonly together: readonly number[];
  readonly alone: readonly number[];
  /** Together, by a server with --throughput. */
  readonly throughput: readonly number[];
  /** Images a second by the round where one caller sends one image after another: nothing is decoded beside a run. */
  readonly oneCaller: readonly number[];
  readonly conditions: SourceConditions & { readonly node: string };
}

/** How many times more images a second together than one by one, round by round. */
export function gainOf({ together, alone }: Pick<ServeResult, "together" | "alone">): Spread {
  return spreadOf(together.map((rate, round) => rate / alone[round]!));
}

/** The least gain that the issue asks for. */
export const leastGain = 1.1;

/** What is wrong with a mixed run: a status of the server's own faults, or a connection that broke. */
export function faultsOf({ statuses, errors, timeouts }: ServeMeasured): string[] {
  const bad = Object.entries(statuses).filter(([status]) => Number(status) >= 500 && status !== "503");
  return [
    ...bad.map(([status, count]) => `${count} answers of status ${status}`),
    ...(errors > 0 ? [`${errors} connections broke`] : []),
    ...(timeouts > 0 ? [`${timeouts} requests without an answer`] : []),
  ];
}

export function imagesPerSecond({ statuses, seconds }: ServeMeasured): number {
  return (statuses[200] ?? 0) / seconds;
}

export function keyOfServe({ depth, connections }: ServeResult): string {
  return `${depth}/${connections}`;
}

const rate = (values: readonly number[]): string => {
  const { median, low, high } = spreadOf(values);
  return `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
};

/** The page, as Markdown; `file` is the record's. */
export function servePage({ machine, results }: RecordOf<ServeResult>, file: string): string {
  const mixed = results.map(({ depth, connections, mixed: run }) => [
    ...[String(depth), String(connections), run.seconds.toFixed(0), imagesPerSecond(run).toFixed(1)],
    ...[run.latency.p50, run.latency.p90, run.latency.p99, run.latency.most].map((ms) => ms.toFixed(0)),
    Object.entries(run.statuses)
      .map(([status, count]) => `${count} × ${status}`)
      .join(", "),
    faultsOf(run).join(", ") || "none",
  ]);
  const rates = results.map((result) => {
    const gain = gainOf(result);
    return [
      ...[String(result.depth), String(result.connections), rate(result.together), rate(result.alone)],
      `${gain.median.toFixed(2)} (${gain.low.toFixed(2)} to ${gain.high.toFixed(2)})`,
      gain.median >= leastGain ? "met" : "missed",
      rate(result.throughput),
      rate(result.oneCaller),
    ];
  });
  const conditions = results.map(({ depth, conditions: made }) => [
    ...[String(depth), describeDate(made.date), describeCommit(made), made.node, made.load.toFixed(2)],
  ]);
  return `# The service under load

${describeMachine(machine)}. Made by \`npm run bench:serve\` (bench/README.md says how) from [${file}](${file}).

## Good and bad bodies mixed

Photos, a text that is no image, JSON that is none, a depth that there is not, a path that there is not, a body that is too large. Milliseconds
are of all answers; faults are statuses of 500 and above but 503, and connections that broke.

${markdownTable([["depth", "connections", "s", "images/s", "p50 ms", "p90", "p99", "most", "answers", "faults"], ...mixed])}

## In batches of all callers, and one by one

Images a second by the round, median and quartiles; good bodies alone. At least ${leastGain} times is asked for. One caller: a single connection that
sends the next image when the last is answered, so that nothing is decoded while the network runs.

${markdownTable([["depth", "connections", "together", "one by one", "times", `≥ ${leastGain}`, "together, --throughput", "one caller"], ...rates])}

## Conditions

${markdownTable([["depth", "date", "commit", "Node", "load before"], ...conditions])}
`;
}
