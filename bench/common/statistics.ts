/** Medians and quartiles of a few measurements. */

export interface Spread {
  readonly median: number;
  /** First and third quartile. */
  readonly low: number;
  readonly high: number;
}

/** Quartiles by linear interpolation between the sorted values. Throws for none. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("spreadOf: no values");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1);
    const below = sorted[Math.floor(place)]!;
    return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** How many times longer `times` are than `base`, round by round: what slows a machine for a while slows both of a round. */
export function ratiosOf(times: readonly number[], base: readonly number[]): number[] {
  if (times.length !== base.length) throw new Error(`ratiosOf: ${times.length} rounds beside ${base.length}`);
  return times.map((time, round) => time / base[round]!);
}
