/** What a job of the worker threads is: methods that take a call's data, and what they may give back. */

export interface JobContext {
  /** Which worker of the pool this is. */
  readonly worker: number;
  /** Asks the caller, who answers by the call's `answer`. */
  ask(question: unknown): Promise<unknown>;
}

/** A value for another thread; what is in `transfer` moves there and is not copied. */
export interface Moved {
  readonly value: unknown;
  readonly transfer: readonly Transferable[];
}

/** Methods by name. Data and results are what structured cloning can carry. */
export type Job = Readonly<Record<string, (data: never, context: JobContext) => unknown>>;
