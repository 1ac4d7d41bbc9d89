/** The only timer: runs something until its time is up, and gives the times with their median and quartiles. */

export interface MeasureOptions {
  /** Runs before the first that counts. */
  readonly warmups: number;
  /** Counted runs go on for so long, but are at least and at most so many. */
  readonly seconds: number;
  readonly least: number;
  readonly most: number;
  readonly signal?: AbortSignal;
}

/** In milliseconds, but for `runs`. */
export interface Measurement {
  readonly median: number;
  readonly quartiles: readonly [lower: number, upper: number];
  readonly least: number;
  readonly most: number;
  readonly runs: number;
  readonly warmups: number;
}

/** Times `body`, one run after another. Rejects with its error, or the signal's reason. */
export async function measure(body: () => Promise<unknown>, options: MeasureOptions): Promise<Measurement> {
  const { warmups, seconds, least, most, signal } = options;
  for (let i = 0; i < warmups; i++) {
    signal?.throwIfAborted();
    await body();
  }
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < least || (times.length < most && performance.now() < end)) {
    signal?.throwIfAborted();
    const start = performance.now();
    await body();
    times.push(performance.now() - start);
  }
  return { ...summaryOf(times), warmups };
}

/** Of at least one time. */
export function summaryOf(times: readonly number[]): Omit<Measurement, "warmups"> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => quantile(sorted, share);
  return {
    ...{ median: at(0.5), quartiles: [at(0.25), at(0.75)] },
    ...{ least: sorted[0]!, most: sorted.at(-1)!, runs: sorted.length },
  };
}

/** Between neighbours in a straight line (type 7 of Hyndman and Fan, 1996). */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below]! + (place - below) * ((sorted[below + 1] ?? sorted[below]!) - sorted[below]!);
}
