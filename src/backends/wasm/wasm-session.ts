/**
 * A graph made ready on the WebAssembly backend: its arena, and its instance in each worker thread. A run writes the inputs into the
 * memory, calls all threads, and takes the outputs when the first of them says that all stages are done; the caller's own thread takes no part.
 */
import { DeviceError } from "../../errors.ts";
import type { PlanSource } from "../../graph/plan.ts";
import { workerPool } from "../../platform/worker-pool.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { copyInTurns, createPacer } from "../../tensor/pacer.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { RunOptions, Session, StepTime } from "../backend.ts";
import { batchOf } from "../session-inputs.ts";
import { callWasm, tellThreads } from "./wasm-calls.ts";
import { WasmControl } from "./wasm-control.ts";
import { align, type Block, type WasmHeap } from "./wasm-heap.ts";
import * as protocol from "./wasm-protocol.ts";
import type { WasmResident } from "./wasm-resident.ts";

export interface WasmSessionParts {
  /** Numbers of the session and of its backend, as the workers know them. */
  readonly id: number;
  readonly backend: number;
  readonly planned: protocol.PlannedSession;
  /** The passes and the plan as text. */
  readonly describe: () => string;
  readonly resident: WasmResident;
  readonly heap: WasmHeap;
  readonly threads: number;
  readonly maxBatch: number;
  /** Gives a thread the memory as it is now. */
  readonly giveMemory: (thread: number) => Promise<unknown>;
}

export class WasmSession implements Session {
  readonly bytes: number;
  readonly #parts: WasmSessionParts;
  readonly #arena: Block;
  /** Byte offsets of the plan's buffers in the arena, by id; then of the threads' own memory. */
  readonly #offsets: ReadonlyMap<number, number>;
  readonly #local: { readonly offset: number; readonly bytes: number };
  #control: WasmControl;
  /** The generation of each thread's worker that has the session open. */
  #openedIn: (number | undefined)[] = [];
  #runs = 0;
  /** Calls of the run before that have not come back: a thread may still be on its way out. */
  #leaving: Promise<unknown> = Promise.resolve();
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #disposed = false;

  /** Allocates the arena: throws DeviceError when there is no room for it. */
  constructor(parts: WasmSessionParts) {
    const { planned, heap, maxBatch, threads } = parts;
    this.#parts = parts;
    const offsets = new Map<number, number>();
    let bytes = 0;
    for (const buffer of planned.buffers) {
      offsets.set(buffer.id, bytes);
      bytes += protocol.bufferBytes(buffer, maxBatch);
    }
    this.#offsets = offsets;
    this.#local = { offset: bytes, bytes: align(4 * planned.local) };
    this.bytes = protocol.arenaBytes(planned, maxBatch, threads);
    this.#control = this.#makeControl();
    this.#arena = heap.allocate(this.bytes, `a session for batches up to ${maxBatch}`);
    parts.resident.sessions.add(this);
  }

  get plan(): string {
    return this.#parts.describe();
  }

  async run(inputs: ReadonlyMap<string, HostTensor>, options: RunOptions = {}): Promise<Map<string, HostTensor>> {
    const batch = batchOf(this.#parts.planned.inputs, inputs, this.#parts.maxBatch) ?? 1;
    this.#underWay++;
    const result = this.#last.then(() => this.#run(inputs, batch, options));
    this.#last = result.then(
      () => this.#underWay--,
      () => this.#underWay--,
    );
    return result;
  }

  /** Makes it ready in every thread. Called by the backend; and again by a run that finds a thread begun anew. */
  async open(): Promise<void> {
    const slots = Array.from({ length: this.#parts.threads }, (_, thread) => thread);
    // A thread that died may have been inside a run: then nobody knows any more how many are.
    const isGone = (thread: number): boolean =>
      this.#openedIn[thread] !== undefined && this.#openedIn[thread] !== workerPool.generation(thread);
    if (slots.some(isGone)) {
      this.#control = this.#makeControl();
      this.#openedIn = [];
    }
    const ends = await Promise.allSettled(slots.map((thread) => this.#openIn(thread)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  async #openIn(thread: number): Promise<void> {
    if (this.#openedIn[thread] !== undefined) return;
    const generation = workerPool.generation(thread);
    await this.#parts.giveMemory(thread);
    await callWasm(thread, "open", this.#openRequest(thread));
    this.#openedIn[thread] = generation;
  }

  async #run(
    inputs: ReadonlyMap<string, HostTensor>,
    batch: number,
    { signal, onTimes }: RunOptions,
  ): Promise<Map<string, HostTensor>> {
    const { planned, heap } = this.#parts;
    const pace = createPacer(signal);
    await pace();
    this.#throwIfDisposed();
    await this.open();
    const given: { address: number; data: Float32Array }[] = [];
    for (const { name, shape, batched, source } of planned.inputs) {
      const data = inputs.get(name)!.data.subarray(0, sizeOf(shape) * (batched ? batch : 1));
      const address = this.#address(source);
      if (heap.memory) await copyInTurns(data, heap.floats(address, data.length), pace);
      else {
        const copy = new Float32Array(data.length);
        await copyInTurns(data, copy, pace);
        given.push({ address, data: copy });
      }
    }
    const outputs = planned.outputs.map(({ name, shape, batched, source }) => {
      const whole = batched ? [batch, ...shape.slice(1)] : shape;
      return { name, shape: whole, address: this.#address(source), elements: sizeOf(whole) };
    });
    await this.#leaving;
    this.#throwIfDisposed();
    signal?.throwIfAborted();
    const request: Omit<protocol.RunRequest, "session" | "run"> = {
      ...{ batch, timed: onTimes !== undefined, inputs: given },
      outputs: heap.memory ? [] : outputs.map(({ address, elements }) => ({ address, elements })),
    };
    const reply = await this.#callThreads(request, signal);
    onTimes?.(this.#stepTimes(reply.times, batch));
    const results = new Map<string, HostTensor>();
    for (const [i, { name, shape, address, elements }] of outputs.entries()) {
      const data = heap.memory ? new Float32Array(elements) : reply.outputs[i]!;
      if (heap.memory) await copyInTurns(heap.floats(address, elements), data, pace);
      results.set(name, { shape, dtype: "float32", data });
    }
    this.#throwIfDisposed(); // what was read may have been another's by then
    return results;
  }

  /** Calls every thread for a run; ends with the first that saw all stages done (all of them where stages are timed). */
  async #callThreads(
    request: Omit<protocol.RunRequest, "session" | "run">,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly times: Float64Array[]; readonly outputs: readonly Float32Array[] }> {
    const { threads, id } = this.#parts;
    const control = this.#control;
    const run = ++this.#runs;
    control.open(run);
    const transfer = request.inputs.map(({ data }) => data.buffer as ArrayBuffer);
    const replies = Array.from({ length: threads }, (_, thread) =>
      callWasm(thread, "run", { ...request, session: id, run }, { transfer }),
    );
    const stop = (): void => control.stop();
    signal?.addEventListener("abort", stop, { once: true });
    const all = Promise.allSettled(replies);
    try {
      const first = await new Promise<protocol.RunReply>((resolve, reject) => {
        for (const reply of replies) reply.then((value) => value.finished && resolve(value), reject);
        // Nobody finished: stopped by the caller's signal or by dispose.
        void all.then(() => reject(signal?.reason ?? this.#disposedError()));
      });
      signal?.throwIfAborted(); // where the memory is a worker's own, it cannot be told to stop
      const whole = request.timed ? await Promise.all(replies) : [first];
      return { times: whole.flatMap(({ times }) => (times ? [times] : [])), outputs: first.outputs };
    } catch (error) {
      control.stop();
      await all;
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#leaving = nobodyInside(control, replies);
    }
  }

  /** By step: the stages' times, each as the thread that waited longest for it saw it. */
  #stepTimes(times: readonly Float64Array[], batch: number): StepTime[] {
    const steps = new Map<string, StepTime>();
    this.#parts.planned.stages.forEach(({ node, variant, repeat, flops: each }, stage) => {
      const milliseconds = Math.max(...times.map((one) => one[stage]!)) + (steps.get(node)?.milliseconds ?? 0);
      steps.set(node, { node, variant, flops: each * (repeat === "batch" ? batch : repeat), milliseconds });
    });
    return [...steps.values()];
  }

  #makeControl(): WasmControl {
    const bytes = WasmControl.bytes(this.#parts.planned.stages.length);
    return new WasmControl(this.#parts.heap.memory ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  }

  #openRequest(thread: number): protocol.OpenRequest {
    const { id, backend, planned, threads } = this.#parts;
    const stages = planned.stages.map((stage): protocol.ReadyStage => {
      const { node, repeat, pieces } = stage;
      return {
        ...{ node, function: stage.function, repeat, pieces },
        operands: stage.operands.map((operand) => this.#operand(operand, thread)),
        repeatAt: stage.operands.flatMap(({ from }, position) => (from === "repeat" ? [position] : [])),
      };
    });
    const control = this.#control.buffer;
    return { session: id, backend, module: planned.module!, stages, control, threads, zeros: this.#zeros(thread) };
  }

  /** Buffers that begin as zeros, by the first thread. */
  #zeros(thread: number): protocol.Region[] {
    const { planned, maxBatch } = this.#parts;
    const buffers = thread === 0 ? planned.buffers.filter(({ zeroed }) => zeroed) : [];
    return buffers.map((buffer) => ({
      address: this.#address({ from: "buffer", id: buffer.id }),
      elements: protocol.bufferBytes(buffer, maxBatch) / 4,
    }));
  }

  #operand(operand: protocol.StageOperand, thread: number): number {
    switch (operand.from) {
      case "buffer":
      case "weight":
        return this.#address(operand);
      case "local":
        return this.#arena.address + this.#local.offset + thread * this.#local.bytes;
      case "repeat":
        return 0;
      default:
        throw new Error(`unknown operand ${JSON.stringify(operand satisfies never)}`);
    }
  }

  #address(source: PlanSource): number {
    if (source.from === "weight") return this.#parts.resident.addressOf(source.key);
    const offset = this.#offsets.get(source.id);
    if (offset === undefined) throw new Error(`plan: there is no buffer ${source.id}`);
    return this.#arena.address + offset;
  }

  #throwIfDisposed(): void {
    if (this.#disposed || this.#parts.resident.disposed) throw this.#disposedError();
  }

  #disposedError(): DeviceError {
    return new DeviceError('device "wasm": the session was disposed');
  }

  /** Stops a run that is under way, and frees the arena behind it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#parts.resident.sessions.delete(this);
    this.#control.stop();
    // A run that is under way stops, but writes until then.
    if (this.#underWay === 0) this.#free();
    else void this.#last.then(() => this.#free());
  }

  #free(): void {
    const { threads, id, heap } = this.#parts;
    heap.free(this.#arena);
    // Only in threads that have it: to tell one that is gone would begin it anew.
    const isOpen = (thread: number): boolean => this.#openedIn[thread] === workerPool.generation(thread);
    if (Array.from({ length: threads }, (_, thread) => thread).some(isOpen))
      tellThreads(threads, "close", { session: id });
  }
}

/** A thread that comes late finds the run closed; one that is inside is on its way out, and its call comes back. */
async function nobodyInside(control: WasmControl, calls: readonly Promise<unknown>[]): Promise<void> {
  const under = new Set(calls.map((call) => call.catch(() => undefined)));
  while (!control.close() && under.size > 0)
    await Promise.race([...under].map((call) => call.then(() => under.delete(call))));
}
