/** How long the caller's event loop is kept from its turns while something runs. */

export interface EventLoopDelay {
  /** Milliseconds that a timer came late: its 99th percentile, and the most. */
  readonly p99: number;
  readonly most: number;
}

export interface EventLoopWatch {
  /** Ends it and says what was seen; later calls say the same. It keeps the process alive until then. */
  end(): EventLoopDelay;
}

/** Starts to watch. */
export function watchEventLoop(): EventLoopWatch {
  const period = 1; // what timers can do
  const delays: number[] = [];
  let due = performance.now() + period;
  let timer = setTimeout(tick, period);
  let seen: EventLoopDelay | undefined;
  function tick(): void {
    const now = performance.now();
    delays.push(Math.max(0, now - due));
    due = now + period;
    timer = setTimeout(tick, period);
  }
  return {
    end: () => {
      if (seen) return seen;
      clearTimeout(timer);
      delays.push(Math.max(0, performance.now() - due));
      delays.sort((a, b) => a - b);
      seen = { p99: delays[Math.ceil(0.99 * delays.length) - 1]!, most: delays.at(-1)! };
      return seen;
    },
  };
}
