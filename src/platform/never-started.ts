/** For runtimes that refuse to make a worker. */
import type { WorkerHandle, WorkerListener } from "./platform.ts";

/** The handle of a worker that could not even be made; the listener hears of its end in a moment, as of any other's. */
export function neverStarted(listener: WorkerListener, error: unknown): WorkerHandle {
  queueMicrotask(() => listener.end(error instanceof Error ? error.message : String(error)));
  return { post: () => undefined, hold: () => undefined, end: () => undefined };
}
