import { vi } from "vitest";

/** Resolves once the expectation holds. Vitest's own second is too short on a busy machine; nothing that is timed may hang on this. */
export const eventually = <T>(expectation: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(expectation, { timeout: 60_000, interval: 20 });
