/** A plan on WebAssembly: its buffers as addresses in the model's memory, its stages as calls. A run compiles and allocates nothing. */
import { DeviceError } from "../../errors.ts";
import type { Plan, PlanSource, Repeat, Step } from "../../graph/plan.ts";
import type { WasmStage, WasmStageArgument } from "../../kernels/op.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { RunOptions, Session } from "../backend.ts";
import { createPacer } from "../pacer.ts";
import { batchOf } from "../session-inputs.ts";
import { align, type Block } from "./wasm-heap.ts";
import type { PlannedModule } from "./wasm-module.ts";
import type { WasmResident } from "./wasm-resident.ts";

interface Call {
  /** The node, for messages. */
  readonly node: string;
  readonly run: (...operands: number[]) => void;
  readonly operands: number[];
  /** Which operands are the number of repeats. */
  readonly repeatAt: readonly number[];
  readonly repeat: Repeat;
  readonly pieces: WasmStage["pieces"];
}

export interface WasmSessionParts {
  readonly plan: Plan<WasmStage>;
  /** The passes and the plan as text. */
  readonly describe: () => string;
  readonly module: WebAssembly.Module;
  readonly functions: PlannedModule["functions"];
  readonly resident: WasmResident;
  readonly maxBatch: number;
}

export class WasmSession implements Session {
  readonly bytes: number;
  readonly #parts: WasmSessionParts;
  readonly #arena: Block;
  /** Byte addresses of the plan's buffers, by id. */
  readonly #addresses: ReadonlyMap<number, number>;
  /** Where the thread's own memory begins in the arena. */
  readonly #localOffset: number;
  readonly #calls: readonly Call[];
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;
  /**
   * V8 compiles a function at first quickly and badly, and well once it has run for a while, but never within a call: a first batch
   * would be slow from its first image to its last. So the first image goes alone, once.
   */
  #warm = false;

  /** Allocates the arena: throws DeviceError when there is no room for it. */
  constructor(parts: WasmSessionParts) {
    const { plan, module, functions, resident, maxBatch } = parts;
    this.#parts = parts;
    const offsets = new Map<number, number>();
    let bytes = 0;
    for (const { id, elements, repeat } of plan.buffers) {
      offsets.set(id, bytes);
      bytes += align(4 * elements * (repeat === "batch" ? maxBatch : repeat));
    }
    this.#localOffset = bytes;
    bytes += align(4 * Math.max(0, ...plan.steps.flatMap(({ stages }) => stages.map(({ local = 0 }) => local))));
    this.bytes = bytes;
    this.#arena = resident.heap.allocate(bytes, `a session for batches up to ${maxBatch}`);
    this.#addresses = new Map([...offsets].map(([id, offset]) => [id, this.#arena.address + offset]));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: resident.heap.memory } });
    this.#calls = plan.steps.flatMap((step, i) =>
      step.stages.map((stage, k): Call => {
        const repeatAt = stage.arguments.flatMap(({ from }, position) => (from === "repeat" ? [position] : []));
        const operands = stage.arguments.map((argument) => this.#operand(step, argument));
        const run = exports[functions[i]![k]!] as Call["run"];
        return { node: step.node, run, operands, repeatAt, repeat: step.repeat, pieces: stage.pieces };
      }),
    );
  }

  get plan(): string {
    return this.#parts.describe();
  }

  async run(inputs: ReadonlyMap<string, HostTensor>, options: RunOptions = {}): Promise<Map<string, HostTensor>> {
    const batch = batchOf(this.#parts.plan.inputs, inputs, this.#parts.maxBatch) ?? 1;
    const result = this.#last.then(() => this.#run(inputs, batch, options.signal));
    this.#last = result.catch(() => {});
    return result;
  }

  async #run(
    inputs: ReadonlyMap<string, HostTensor>,
    batch: number,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, HostTensor>> {
    const { plan, resident } = this.#parts;
    const pace = createPacer(signal);
    await pace();
    this.#throwIfDisposed();
    if (!this.#warm && batch > 1) await this.#pass(inputs, 1, pace);
    await this.#pass(inputs, batch, pace);
    this.#warm = true;
    return new Map(
      plan.outputs.map((port) => {
        const shape = port.batched ? [batch, ...port.shape.slice(1)] : port.shape;
        const data = resident.heap.floats(this.#address(port.source), sizeOf(shape)).slice();
        return [port.name, { shape, dtype: "float32", data }];
      }),
    );
  }

  /** Inputs are copied at each pass: their buffers serve other values later. */
  async #pass(inputs: ReadonlyMap<string, HostTensor>, batch: number, pace: () => Promise<void>): Promise<void> {
    for (const { name, shape, batched, source } of this.#parts.plan.inputs) {
      const elements = sizeOf(shape) * (batched ? batch : 1);
      this.#parts.resident.heap
        .floats(this.#address(source), elements)
        .set(inputs.get(name)!.data.subarray(0, elements));
    }
    for (const { node, run, operands, repeatAt, repeat, pieces } of this.#calls) {
      const repeats = repeat === "batch" ? batch : repeat;
      for (const position of repeatAt) operands[position] = repeats;
      try {
        run(...operands, 0, pieces(repeats));
      } catch (cause) {
        throw new DeviceError(`device "wasm": ${node} failed: ${(cause as Error).message}`, { cause });
      }
      await pace();
      this.#throwIfDisposed();
    }
  }

  /** What a stage's argument is: a byte address, or 0 where the number of repeats is put at each run. */
  #operand(step: Step<WasmStage>, argument: WasmStageArgument): number {
    switch (argument.from) {
      case "input":
        return this.#address(step.inputs[argument.index]!);
      case "output":
        return this.#bufferAddress(step.output);
      case "constant":
        return this.#parts.resident.addressOf(step.weights[argument.index]!);
      case "scratch":
        return this.#bufferAddress(step.scratch[argument.index]!);
      case "local":
        return this.#arena.address + this.#localOffset;
      case "repeat":
        return 0;
      default:
        throw new Error(`unknown argument ${JSON.stringify(argument satisfies never)}`);
    }
  }

  #address(source: PlanSource): number {
    return source.from === "buffer" ? this.#bufferAddress(source.id) : this.#parts.resident.addressOf(source.key);
  }

  #bufferAddress(id: number): number {
    const address = this.#addresses.get(id);
    if (address === undefined) throw new Error(`plan: there is no buffer ${id}`);
    return address;
  }

  #throwIfDisposed(): void {
    if (this.#disposed || this.#parts.resident.disposed)
      throw new DeviceError('device "wasm": the session was disposed');
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#parts.resident.disposed) this.#parts.resident.heap.free(this.#arena);
  }
}
