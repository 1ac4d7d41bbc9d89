/** A model's packed weights: blocks of the backend's memory, each packed once, for all its sessions and by whichever thread is free. */
import { DeviceError } from "../../errors.ts";
import type { Resident } from "../backend.ts";
import type { Block, WasmHeap } from "./wasm-heap.ts";

export interface NeededWeight {
  readonly key: string;
  readonly elements: number;
}

export class WasmResident implements Resident {
  readonly #heap: WasmHeap;
  readonly #weights = new Map<string, Block>();
  readonly #onDispose: (resident: WasmResident) => void;
  #packing: Promise<void> = Promise.resolve();
  disposed = false;
  /** Those that use the weights. */
  readonly sessions = new Set<{ dispose(): void }>();

  constructor(heap: WasmHeap, onDispose: (resident: WasmResident) => void) {
    this.#heap = heap;
    this.#onDispose = onDispose;
  }

  /** Bytes of the packed weights. */
  get bytes(): number {
    return [...this.#weights.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Byte address of a weight that was packed. */
  addressOf(key: string): number {
    const block = this.#weights.get(key);
    if (!block) throw new Error(`plan: the weight ${key} was not packed`);
    return block.address;
  }

  /**
   * Packs what is not here yet, by `pack`, `threads` at a time, so that at most as many tensors are in memory beside it. Calls
   * run one after another, so that sessions prepared at once share their weights.
   * @param grown called when all have their place and before the first is packed
   */
  pack(
    weights: readonly NeededWeight[],
    by: {
      readonly threads: number;
      readonly signal: AbortSignal | undefined;
      readonly grown: () => Promise<void>;
      readonly pack: (thread: number, key: string, address: number) => Promise<void>;
    },
  ): Promise<void> {
    const packed = this.#packing.then(() => this.#pack(weights, by));
    this.#packing = packed.catch(() => {});
    return packed;
  }

  async #pack(weights: readonly NeededWeight[], by: Parameters<WasmResident["pack"]>[1]): Promise<void> {
    this.throwIfDisposed();
    const places = new Map<string, Block>();
    try {
      for (const { key, elements } of weights)
        if (!this.#weights.has(key)) places.set(key, this.#heap.allocate(4 * elements, `the weight ${key}`));
      if (places.size === 0) return;
      await by.grown();
      // The large ones first: so the threads end together.
      const next = [...places].sort(([, a], [, b]) => b.bytes - a.bytes).values();
      let failed = false;
      const packSome = async (thread: number): Promise<void> => {
        for (const [key, block] of next) {
          if (failed) return;
          try {
            by.signal?.throwIfAborted();
            this.throwIfDisposed();
            await by.pack(thread, key, block.address);
            this.throwIfDisposed();
          } catch (error) {
            failed = true;
            this.throwIfDisposed(); // which is then the reason
            throw error;
          }
          this.#weights.set(key, block);
          places.delete(key);
        }
      };
      // All must have ended before an error is told: nobody writes any more to what is freed then.
      const ends = await Promise.allSettled(Array.from({ length: by.threads }, (_, thread) => packSome(thread)));
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    } finally {
      for (const block of places.values()) this.#heap.free(block);
    }
  }

  throwIfDisposed(): void {
    if (this.disposed) throw new DeviceError('device "wasm": the model was disposed');
  }

  /** With its sessions. What is being packed is freed when that ends. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const session of this.sessions) session.dispose();
    for (const block of this.#weights.values()) this.#heap.free(block);
    this.#weights.clear();
    this.#onDispose(this);
  }
}
