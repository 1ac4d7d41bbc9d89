/**
 * The pool of worker threads of this process: one, whatever the number of models, for packing weights, running networks and decoding
 * images alike. It knows no jobs: src/worker.ts, which every worker starts as, has their list. A worker begins its calls in the order in
 * which they were sent. Workers keep the process alive only while they have something to do, and end when nobody uses the pool any more.
 */
import { packageFileUrl, startWorker } from "#platform";
import { DeviceError } from "../errors.ts";
import type { WorkerHandle } from "./platform.ts";
import type { Moved } from "./worker-job.ts";
import { errorFromData, errorToData, type FromWorker, type Outcome, packageQuestion } from "./worker-protocol.ts";

/** A call of a method of a job, for a worker. */
export interface WorkerCall {
  readonly job: string;
  readonly method: string;
  /** Cloned, but for what is in `transfer`, which moves. */
  readonly data: unknown;
  readonly transfer?: readonly Transferable[];
  /** Answers what the method asks while it runs. */
  readonly answer?: (question: unknown) => Promise<Moved>;
}

/** The thread of a call ended before the call did. */
export class WorkerEnded extends DeviceError {
  /** Whether it had ever answered: one that never did cannot be started here. */
  readonly hadBegun: boolean;
  constructor(reason: string, hadBegun: boolean) {
    super(`a worker thread ${hadBegun ? "ended before its work was done" : "could not be started"}: ${reason}`);
    this.hadBegun = hadBegun;
    this.name = "DeviceError"; // what users know it as
  }
}

interface Pending {
  readonly call: WorkerCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One worker, begun anew after it died. */
class PoolWorker {
  /** Grows when it ends: what it was sent is lost. */
  generation = 0;
  readonly #index: number;
  readonly #pending = new Map<number, Pending>();
  #handle: WorkerHandle | undefined;
  /** Whether the one at hand has answered. */
  #begun = false;

  constructor(index: number) {
    this.#index = index;
  }

  send(id: number, pending: Pending): void {
    const { job, method, data, transfer = [] } = pending.call;
    this.#handle ??= this.#start();
    if (this.#pending.size === 0) this.#handle.hold(true);
    this.#pending.set(id, pending);
    try {
      this.#handle.post({ kind: "call", id, job, method, data, worker: this.#index }, transfer);
    } catch (error) {
      this.#settle(id)?.reject(error); // what cannot be cloned
    }
  }

  /** What it says once it has ended is not heard, and answers to it go nowhere: the next one counts its questions from 0 again. */
  #start(): WorkerHandle {
    this.#begun = false;
    const handle = startWorker({
      message: (message) => {
        if (handle === this.#handle) this.#receive(message, handle);
      },
      end: (reason) => {
        if (handle !== this.#handle) return;
        this.#forget(new WorkerEnded(reason, this.#begun));
      },
    });
    return handle;
  }

  #receive(message: FromWorker, from: WorkerHandle): void {
    this.#begun = true;
    if (message.kind === "ask") {
      void this.#answer(message.id, message.call, message.data, from);
      return;
    }
    const pending = this.#settle(message.id);
    if (message.error) pending?.reject(errorFromData(message.error));
    else pending?.resolve(message.value);
  }

  async #answer(id: number, call: number, question: unknown, asker: WorkerHandle): Promise<void> {
    const reply = (outcome: Outcome, transfer: readonly Transferable[] = []): void => {
      if (asker === this.#handle) asker.post({ kind: "answer", id, ...outcome }, transfer);
    };
    try {
      if (call === packageQuestion) return reply({ value: packageFileUrl(String(question)) });
      const answer = this.#pending.get(call)?.call.answer;
      if (!answer) throw new Error("nobody answers questions of this call");
      const { value, transfer } = await answer(question);
      reply({ value }, transfer);
    } catch (error) {
      reply({ error: errorToData(error) });
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#handle?.hold(false);
    return pending;
  }

  #forget(error: Error): void {
    this.#handle = undefined;
    this.generation++;
    const failed = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of failed) reject(error);
  }

  end(error: Error): void {
    this.#handle?.end();
    this.#forget(error);
  }
}

interface Waiting {
  readonly make: () => WorkerCall | Promise<WorkerCall>;
  /** Called when it begins: from then on its signal is the caller's business. */
  readonly begin: () => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerPool {
  readonly #workers: PoolWorker[] = [];
  /** Calls for whichever worker is free. */
  readonly #queue: Waiting[] = [];
  /** The workers that have one such call under way. */
  readonly #taken = new Set<PoolWorker>();
  #nextId = 0;
  #users = 0;

  get size(): number {
    return this.#workers.length;
  }

  /** Grows when the worker ends: what it was sent before is lost. */
  generation(worker: number): number {
    return this.#workers[worker]?.generation ?? Number.NaN; // of no worker, and so like no other
  }

  /** To one worker, at once, behind what it was sent before. Rejects with the method's error, or WorkerEnded when the worker dies. */
  send<Reply>(worker: number, call: WorkerCall): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const to = this.#workers[worker];
      if (!to) throw ended();
      to.send(this.#nextId++, { call, resolve: (reply) => resolve(reply as Reply), reject });
    });
  }

  /**
   * To the first worker that has no such call under way; `make` is asked for it only then, so that what waits costs no memory.
   * Rejects as `send`, with the error of `make`, and with the signal's reason where it is aborted before it begins.
   */
  enqueue(make: () => WorkerCall | Promise<WorkerCall>, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = (): void => {
        const place = this.#queue.indexOf(waiting);
        if (place >= 0) this.#queue.splice(place, 1);
        reject(signal?.reason);
      };
      const waiting: Waiting = { make, resolve, reject, begin: () => signal?.removeEventListener("abort", leave) };
      signal?.addEventListener("abort", leave, { once: true });
      this.#queue.push(waiting);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (this.#taken.has(worker)) continue;
      const next = this.#queue.shift();
      if (!next) return;
      next.begin();
      this.#taken.add(worker);
      void this.#perform(worker, next).finally(() => {
        this.#taken.delete(worker);
        this.#dispatch();
      });
    }
  }

  async #perform(worker: PoolWorker, { make, resolve, reject }: Waiting): Promise<void> {
    try {
      const call = await make();
      if (!this.#workers.includes(worker)) throw ended();
      resolve(
        await new Promise((done, failed) => worker.send(this.#nextId++, { call, resolve: done, reject: failed })),
      );
    } catch (error) {
      reject(error);
    }
  }

  /** Ends a worker in the middle of what it does, as if it had died: its calls are rejected, and the next begins it anew. */
  kill(worker: number): void {
    this.#workers[worker]!.end(new WorkerEnded("it was killed", true));
  }

  /** Takes part in the pool, with at least so many workers; none starts before its first call. `release` when done. */
  acquire(size: number): void {
    this.#users++;
    while (this.#workers.length < size) this.#workers.push(new PoolWorker(this.#workers.length));
    this.#dispatch();
  }

  /** Ends the workers with the last of those who took part; what waits is rejected. */
  release(): void {
    if (--this.#users > 0) return;
    const [waiting, workers] = [this.#queue.splice(0), this.#workers.splice(0)];
    for (const { begin, reject } of waiting) {
      begin();
      reject(ended());
    }
    for (const worker of workers) worker.end(ended());
  }
}

function ended(): DeviceError {
  return new DeviceError("the worker threads were ended: what used them was disposed");
}

/** The pool of this process. */
export const workerPool = new WorkerPool();
