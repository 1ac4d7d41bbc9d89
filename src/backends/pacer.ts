/** Keeps the caller's event loop alive in a long run: between steps, timers and aborts get their turn. */

const turnMilliseconds = 8;

/** A function to await between steps: throws the signal's reason once it is aborted, and gives way after some milliseconds of work. */
export function createPacer(signal?: AbortSignal): () => Promise<void> {
  let since = performance.now();
  return async () => {
    signal?.throwIfAborted();
    if (performance.now() - since < turnMilliseconds) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    since = performance.now();
    signal?.throwIfAborted();
  };
}
