/** Waiting that ends early: one helper for whoever lets its caller go while the work itself goes on. */

/**
 * What the promise gives, or the signal's reason as soon as that is aborted. The promise goes on: others may wait for it too, and if it
 * fails later, nobody is told.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
