/**
 * The pool of worker threads of this process: one, whatever the number of models, for packing weights, running networks and decoding
 * images alike. It knows no jobs: src/worker.ts, which every worker starts as, has their list. A worker does its calls in the order in which
 * they were sent. Workers keep the process alive only while they have something to do, and end when nobody uses the pool any more.
 */
import { packageFileUrl, startWorker } from "#platform";
import { DeviceError } from "../errors.ts";
import type { WorkerHandle } from "./platform.ts";
import { errorFromData, errorToData, type FromWorker, type Outcome, packageQuestion } from "./worker-protocol.ts";

/** A call of a method of a job, for a worker. */
export interface WorkerCall {
  readonly job: string;
  readonly method: string;
  /** Cloned, but for what is in `transfer`, which moves. */
  readonly data: unknown;
  readonly transfer?: readonly Transferable[];
  /** Answers what the method asks while it runs. */
  readonly answer?: (question: unknown) => Promise<Answer>;
}

/** A value for a worker; what is in `transfer` moves. */
export interface Answer {
  readonly value: unknown;
  readonly transfer?: readonly Transferable[];
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

  #start(): WorkerHandle {
    return startWorker({
      message: (message) => this.#receive(message),
      end: (reason) => {
        this.#handle = undefined;
        this.generation++;
        this.#fail(new DeviceError(`a worker thread ended before its work was done: ${reason}`));
      },
    });
  }

  #receive(message: FromWorker): void {
    if (message.kind === "ask") {
      void this.#answer(message.id, message.call, message.data);
      return;
    }
    const pending = this.#settle(message.id);
    if (message.error) pending?.reject(errorFromData(message.error));
    else pending?.resolve(message.value);
  }

  async #answer(id: number, call: number, question: unknown): Promise<void> {
    const reply = (outcome: Outcome, transfer: readonly Transferable[] = []) =>
      this.#handle?.post({ kind: "answer", id, ...outcome }, transfer);
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

  #fail(error: Error): void {
    const failed = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of failed) reject(error);
  }

  end(error: Error): void {
    this.#handle?.end();
    this.#handle = undefined;
    this.generation++;
    this.#fail(error);
  }
}

interface Waiting {
  readonly id: number;
  readonly pending: Pending;
  readonly signal: AbortSignal | undefined;
}

export class WorkerPool {
  readonly #workers: PoolWorker[] = [];
  /** Calls for whichever worker is free, and how many workers' one such call is under way. */
  readonly #queue: Waiting[] = [];
  readonly #queued = new Set<number>();
  #nextId = 0;
  #users = 0;

  get size(): number {
    return this.#workers.length;
  }

  /** Grows when the worker ends: what it was sent before is lost. */
  generation(worker: number): number {
    return this.#workers[worker]?.generation ?? Number.NaN; // of no worker, and so like no other
  }

  /** To one worker, at once, behind what it was sent before. Rejects with the method's error, or DeviceError when the worker dies. */
  send(worker: number, call: WorkerCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const to = this.#workers[worker];
      if (!to) throw ended();
      to.send(this.#nextId++, { call, resolve, reject });
    });
  }

  /** To the first worker that has no such call under way. Rejects as `send`, and with the signal's reason where it is aborted before it begins. */
  enqueue(call: WorkerCall, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ id: this.#nextId++, pending: { call, resolve, reject }, signal });
      this.#dispatch();
    });
  }

  /** Ends a worker in the middle of what it does, as if it had died: its calls are rejected, and the next begins it anew. */
  kill(worker: number): void {
    this.#workers[worker]!.end(new DeviceError("a worker thread ended before its work was done: it was killed"));
  }

  #dispatch(): void {
    for (let worker = 0; worker < this.#workers.length; worker++) {
      if (this.#queued.has(worker)) continue;
      const next = this.#nextWaiting();
      if (!next) return;
      const { id, pending } = next;
      const done = () => {
        this.#queued.delete(worker);
        this.#dispatch();
      };
      this.#queued.add(worker);
      this.#workers[worker]!.send(id, {
        call: pending.call,
        resolve: (value) => {
          done();
          pending.resolve(value);
        },
        reject: (error) => {
          done();
          pending.reject(error);
        },
      });
    }
  }

  #nextWaiting(): Waiting | undefined {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (!next.signal?.aborted) return next;
      next.pending.reject(next.signal.reason);
    }
    return undefined;
  }

  /** Takes part in the pool, with at least so many workers; none starts before its first call. `release` when done. */
  acquire(size: number): void {
    this.#users++;
    while (this.#workers.length < size) this.#workers.push(new PoolWorker(this.#workers.length));
    this.#dispatch();
  }

  /** Ends the workers with the last of those who took part. */
  release(): void {
    if (--this.#users > 0) return;
    for (const worker of this.#workers) worker.end(ended());
    this.#workers.length = 0;
  }
}

function ended(): DeviceError {
  return new DeviceError("the worker threads were ended: what used them was disposed");
}

/** The pool of this process. */
export const workerPool = new WorkerPool();
