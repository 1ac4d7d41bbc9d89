/** A model's packed weights, in a WebAssembly memory of its own, in which its sessions have their arenas too. */
import { DeviceError } from "../../errors.ts";
import type { PlannedWeight } from "../../graph/plan.ts";
import type { Resident } from "../backend.ts";
import { align, type Block, WasmHeap } from "./wasm-heap.ts";

export class WasmResident implements Resident {
  readonly #weights = new Map<string, Block>();
  readonly #onDispose: (resident: WasmResident, allocated: number) => void;
  #heap: WasmHeap | undefined = new WasmHeap();
  #packing: Promise<void> = Promise.resolve();

  /** `onDispose` is told how many blocks were allocated in its life. */
  constructor(onDispose: (resident: WasmResident, allocated: number) => void) {
    this.#onDispose = onDispose;
  }

  /** Bytes of the packed weights. */
  get bytes(): number {
    return [...this.#weights.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Throws DeviceError after `dispose`. */
  get heap(): WasmHeap {
    if (!this.#heap) throw new DeviceError('device "wasm": the model was disposed');
    return this.#heap;
  }

  get disposed(): boolean {
    return this.#heap === undefined;
  }

  /** Byte address of a weight that was packed. */
  addressOf(key: string): number {
    const block = this.#weights.get(key);
    if (!block) throw new Error(`plan: the weight ${key} was not packed`);
    return block.address;
  }

  /**
   * Reads and packs what is not here yet: one weight at a time, straight into its place, so that at most one tensor is in memory beside
   * it. Calls run one after another, so that sessions prepared at once share their weights.
   */
  pack(weights: readonly PlannedWeight[], signal?: AbortSignal): Promise<void> {
    const packed = this.#packing.then(() => this.#pack(weights, signal));
    this.#packing = packed.catch(() => {});
    return packed;
  }

  async #pack(weights: readonly PlannedWeight[], signal?: AbortSignal): Promise<void> {
    const missing = weights.filter(({ key }) => !this.#weights.has(key));
    this.heap.reserve(
      missing.reduce((sum, { elements }) => sum + align(4 * elements), 0),
      "a model's weights",
    );
    for (const { key, sources, elements, write } of missing) {
      signal?.throwIfAborted();
      const numbers = [];
      for (const source of sources) numbers.push(await source.read());
      const { heap } = this; // again: the model may have been disposed while it read
      const block = heap.allocate(4 * elements, `the weight ${key}`);
      try {
        const out = heap.floats(block.address, elements);
        out.fill(0);
        write(numbers, out);
      } catch (error) {
        heap.free(block);
        throw error;
      }
      this.#weights.set(key, block);
    }
  }

  dispose(): void {
    if (!this.#heap) return;
    const { allocated } = this.#heap;
    this.#heap = undefined;
    this.#weights.clear();
    this.#onDispose(this, allocated);
  }
}
