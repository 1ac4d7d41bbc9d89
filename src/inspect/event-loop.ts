/** How long the caller's event loop is kept from its turns while something runs. */

export interface EventLoopDelay {
  /** Milliseconds that a timer came late: its 99th percentile, and the most. */
  readonly p99: number;
  readonly most: number;
}

/** Starts to watch; the function that it gives ends that and says what was seen. */
export function watchEventLoop(): () => EventLoopDelay {
  const period = 1; // what timers can do
  const delays: number[] = [];
  let due = performance.now() + period;
  let timer = setTimeout(tick, period);
  function tick(): void {
    const now = performance.now();
    delays.push(Math.max(0, now - due));
    due = now + period;
    timer = setTimeout(tick, period);
  }
  return () => {
    clearTimeout(timer);
    delays.push(Math.max(0, performance.now() - due));
    const sorted = delays.sort((a, b) => a - b);
    return { p99: sorted[Math.ceil(0.99 * sorted.length) - 1]!, most: sorted.at(-1)! };
  };
}
