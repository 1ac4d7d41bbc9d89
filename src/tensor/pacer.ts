/** Keeps the caller's event loop alive in a long run: between steps, timers and aborts get their turn. */

const turnMilliseconds = 2;

/** A function to await between steps: throws the signal's reason once it is aborted, and gives way after some milliseconds of work. */
export function createPacer(signal?: AbortSignal): () => Promise<void> {
  let since = performance.now();
  return async () => {
    signal?.throwIfAborted();
    if (performance.now() - since < turnMilliseconds) return;
    await nextTurn();
    since = performance.now();
    signal?.throwIfAborted();
  };
}

/** Resolves in a later turn of the event loop. Not by setTimeout, which waits 1 ms in Node and 4 ms in browsers. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Numbers that are copied before the event loop gets its turn: a few hundred microseconds. */
const copiedAtOnce = 2 ** 19;

/** Copies `from` to the start of `to`, in parts, with turns of the event loop between them. */
export async function copyInTurns<T extends Float32Array | Uint8Array | Uint8ClampedArray>(
  from: T,
  to: { set(part: T, at: number): void },
  pace: () => Promise<void>,
): Promise<void> {
  for (let at = 0; at < from.length; at += copiedAtOnce) {
    to.set(from.subarray(at, at + copiedAtOnce) as T, at);
    await pace();
  }
}
