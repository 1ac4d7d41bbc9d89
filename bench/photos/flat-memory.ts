/** Whether memory stays flat over a long run. Pure. */

/** The largest sample of each of ten equal parts of a run, in order. Throws for fewer samples than parts. */
export function peaksByTenth(samples: readonly number[]): number[] {
  if (samples.length < 10) throw new Error(`peaksByTenth: ${samples.length} samples; a longer run has more`);
  return Array.from({ length: 10 }, (_, i) => {
    const [from, to] = [i, i + 1].map((part) => Math.floor((part * samples.length) / 10));
    return Math.max(...samples.slice(from, to));
  });
}

/** The highest of the last eight tenths over the highest of the first two: 1 or less where nothing grows any more. */
export function growth(tenths: readonly number[]): number {
  return Math.max(...tenths.slice(2)) / Math.max(...tenths.slice(0, 2));
}
