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
import type { Counted } from "./server-counters.ts";

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

/** `together`: images of all callers in batches; `alone`: --max-batch 1; `throughput`: together, by --throughput; `oneCaller`: one connection. */
export const serveKinds = ["together", "alone", "throughput", "oneCaller"] as const;
export type ServeKind = (typeof serveKinds)[number];

/** A round of one kind, photos alone. */
export interface Round extends Counted {
  readonly imagesPerSecond: number;
}

export interface ServeResult {
  readonly depth: number;
  readonly connections: number;
  /** Good and bad bodies mixed. */
  readonly mixed: ServeMeasured;
  readonly rounds: Readonly<Record<ServeKind, readonly Round[]>>;
  readonly conditions: SourceConditions & { readonly node: string };
}

/** How many times more images a second together than `kind`, round by round. */
export function gainOver(kind: ServeKind, { rounds }: Pick<ServeResult, "rounds">): Spread {
  return spreadOf(
    rounds.together.map(({ imagesPerSecond: rate }, round) => rate / rounds[kind][round]!.imagesPerSecond),
  );
}

/** The least gain over one by one that the issue asks for. */
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

const spread = (values: readonly number[], digits: number): string => {
  const { median, low, high } = spreadOf(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
};

const titles: Readonly<Record<ServeKind, string>> = {
  together: "in batches of all callers",
  alone: "one by one (--max-batch 1)",
  throughput: "in batches, --throughput",
  oneCaller: "one caller, one image after another",
};

function rateRows(result: ServeResult): string[][] {
  return serveKinds.map((kind) => {
    const rounds = result.rounds[kind];
    const column = (name: keyof Round, digits: number): string =>
      spread(
        rounds.map((round) => round[name]),
        digits,
      );
    const { median, low, high } = gainOver(kind, result);
    const gain = kind === "together" ? "" : `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
    return [
      ...[String(result.depth), titles[kind], column("imagesPerSecond", 1), gain],
      ...[column("batch", 1), column("runMs", 1), column("processorMs", 1)],
    ];
  });
}

/** The target beside what was found, and where the time goes: a batch can save time of the network only. */
export function verdictOf(result: ServeResult): string {
  const { median } = gainOver("alone", result);
  const of = (kind: ServeKind, name: keyof Round): number =>
    spreadOf(result.rounds[kind].map((round) => round[name])).median;
  return (
    `Depth ${result.depth}: ${median.toFixed(2)} times one by one, at least ${leastGain} asked for: ${median >= leastGain ? "met" : "missed"}. ` +
    `A run of the network takes ${of("alone", "runMs").toFixed(1)} ms an image one by one and ${of("together", "runMs").toFixed(1)} in batches of ` +
    `${of("together", "batch").toFixed(1)} (${of("throughput", "runMs").toFixed(1)} with --throughput), images that are decoded meanwhile included; ` +
    "decoding and HTTP, which no batch saves, are overlapped in all of them. " +
    `Beside one caller alone it is ${gainOver("oneCaller", result).median.toFixed(2)} times.`
  );
}

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
  const conditions = results.map(({ depth, conditions: made }) => [
    ...[String(depth), describeDate(made.date), describeCommit(made), made.node, made.load.toFixed(2)],
  ]);
  const mixedHead = ["depth", "connections", "s", "images/s", "p50 ms", "p90", "p99", "most", "answers", "faults"];
  const rateHead = ["depth", "how", "images/s", "times", "images a run", "run, ms an image", "processors, ms an image"];
  return `# The service under load

${describeMachine(machine)}. Made by \`npm run bench:serve\` (bench/README.md says how) from [${file}](${file}).

## Good and bad bodies mixed

Photos, a text that is no image, JSON that is none, a depth that there is not, a path that there is not, a body that is too large. Milliseconds
are of all answers; faults are statuses of 500 and above but 503, and connections that broke.

${markdownTable([mixedHead, ...mixed])}

## In batches of all callers, and one by one

Photos alone, by the round: median and quartiles. "times" is how many times more images a second the first row of a depth gave in the same round.

${markdownTable([rateHead, ...results.flatMap(rateRows)])}

${results.map(verdictOf).join("\n\n")}

## Conditions

${markdownTable([["depth", "date", "commit", "Node", "load before"], ...conditions])}
`;
}
