/**
 * Waiting for an adapter that runs on the CPU. While a promise of Dawn's is pending in Node, its thread spins (webgpu 0.6.2 asks at every
 * turn of the event loop) and takes a core from the very work that it waits for. So the thread sleeps for most of the time that the same
 * work took before, and only then asks. On a GPU nothing is slept away.
 */

/** Of the time that is expected, the part to sleep through: the rest is spent asking, and so tells how long the work took. */
const share = 0.85;
/** Milliseconds that are not worth a sleep. */
const short = 4;

export class PoliteWait {
  /** Milliseconds that the work of so many images takes, as far as known. */
  readonly #expected = new Map<number, number>();

  /** `ask` is called when the sleep is over, and what it gives is awaited. */
  async during<T>(count: number, ask: () => Promise<T>): Promise<T> {
    const expected = this.#expected.get(count);
    const start = performance.now();
    if (expected !== undefined && expected > short)
      await new Promise((resolve) => setTimeout(resolve, share * expected));
    const asked = performance.now();
    const result = await ask();
    const end = performance.now();
    this.#expected.set(count, nextExpectation(expected, end - start, end - asked));
    return result;
  }
}

/**
 * The work took `total` milliseconds, of which the last `asking` were waited awake. Nothing is learnt of a first time, in which drivers
 * still compile. Work that was done when it was asked for ended nobody knows when: half the time is tried.
 */
export function nextExpectation(expected: number | undefined, total: number, asking: number): number {
  if (expected === undefined) return 0;
  return expected > short && asking < 0.02 * total ? total / 2 : total;
}
