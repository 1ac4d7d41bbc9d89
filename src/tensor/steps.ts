/** Work in steps: whoever runs it decides whether others get their turn between two of them. */
import type { createPacer } from "./pacer.ts";

/** A generator that yields where it may be interrupted, and returns what it made. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** All steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Each step when its turn comes. */
export async function finishInTurns<T>(steps: Steps<T>, pace: ReturnType<typeof createPacer>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await pace();
  }
}
