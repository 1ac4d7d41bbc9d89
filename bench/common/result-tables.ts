/** The tables that every page of engines beside one another has, as Markdown. Pure. */
import { markdownTable } from "./markdown-table.ts";
import { describeCommit, describeDate, type SourceConditions } from "./record.ts";
import { ratiosOf, type Spread, spreadOf } from "./statistics.ts";

/** An engine's times for one workload. */
export interface Timed {
  /** Of each round, in order. */
  readonly milliseconds: readonly number[];
  /** Largest relative error, max|a-b| / max|b|. */
  readonly error: number;
}

export interface TimedRow extends Timed {
  readonly network: string;
  readonly batch: number;
  readonly engine: string;
  /** Floating-point operations of the whole batch. */
  readonly flops: number;
  /** Beside ours; nothing for ours itself. */
  readonly ratio?: Spread;
}

/** How many times longer `timed` took than `base`, by rounds. */
export function timesOver(timed: Timed, base: Timed): Spread {
  return spreadOf(ratiosOf(timed.milliseconds, base.milliseconds));
}

export function timesTable(rows: readonly TimedRow[]): string {
  const head = ["network", "batch", "engine", "ms", "quartiles", "GFLOP/s", "times ours", "quartiles", "error"];
  const cells = rows.map(({ network, batch, engine, milliseconds, flops, ratio, error }) => {
    const { median, low, high } = spreadOf(milliseconds);
    const digits = median < 100 ? 1 : 0;
    return [
      ...[network, String(batch), engine],
      ...[median.toFixed(digits), `${low.toFixed(digits)} to ${high.toFixed(digits)}`],
      (flops / median / 1e6).toFixed(2),
      ...(ratio ? [ratio.median.toFixed(2), `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`] : ["", ""]),
      error.toExponential(1),
    ];
  });
  return markdownTable([head, ...cells]);
}

/** When, and from which commit, each network was measured. */
export function conditionsTable(
  results: readonly {
    readonly model: string;
    readonly batch: number;
    readonly engines: Readonly<Record<string, Timed>>;
    readonly conditions: SourceConditions;
  }[],
): string {
  const rows = results.map(({ model, batch, engines, conditions }) => {
    const rounds = Math.max(...Object.values(engines).map(({ milliseconds }) => milliseconds.length));
    const at = describeDate(conditions.date);
    return [model, String(batch), String(rounds), describeCommit(conditions), at, conditions.load.toFixed(1)];
  });
  return markdownTable([["network", "batch", "rounds", "residual's commit", "measured", "load before"], ...rows]);
}
