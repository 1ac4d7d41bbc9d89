/** Comparing numbers, the same way everywhere: relative to the largest expected one, or bit for bit; both name the first faults. */

/** max|a − b| / max|b| over finite numbers; NaN and infinities must stand where they are expected, else it is infinite. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (Object.is(a, b)) {
      if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
      continue;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(b));
    difference = Math.max(difference, Math.abs(a - b));
  }
  return difference === 0 ? 0 : difference / largest; // all zeros expected and something else found: infinite
}

/** Throws, naming the first numbers that are off, unless relativeError is at most `limit`. Returns it. */
export function expectClose(what: string, actual: Float32Array, expected: Float32Array, limit: number): number {
  const error = relativeError(actual, expected);
  if (error <= limit) return error;
  const largest = expected.reduce((max, b) => (Number.isFinite(b) ? Math.max(max, Math.abs(b)) : max), 0);
  const off = (a: number, b: number) => !Object.is(a, b) && !(Math.abs(a - b) <= limit * largest);
  throw new Error(
    `${what}: relative error ${error.toExponential(2)}, at most ${limit} is right; ${firstFaults(actual, expected, off)}`,
  );
}

/** Throws, naming the first numbers that differ, unless all bits are equal (one NaN is as good as another). */
export function expectSameBits(what: string, actual: Float32Array, expected: Float32Array): void {
  const differ = (a: number, b: number) => !Object.is(a, b);
  if (actual.length === expected.length && !actual.some((a, i) => differ(a, expected[i]!))) return;
  throw new Error(`${what}: expected equal bits; ${firstFaults(actual, expected, differ)}`);
}

function firstFaults(actual: Float32Array, expected: Float32Array, isFault: (a: number, b: number) => boolean): string {
  if (actual.length !== expected.length) return `${actual.length} numbers instead of ${expected.length}`;
  const faults = [...actual.keys()].filter((i) => isFault(actual[i]!, expected[i]!));
  const shown = faults.slice(0, 5).map((i) => `[${i}] ${actual[i]} instead of ${expected[i]}`);
  return `${faults.length} of ${actual.length} numbers are off: ${shown.join(", ")}`;
}
