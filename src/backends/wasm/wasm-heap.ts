/**
 * The one WebAssembly memory of a backend, in blocks: packed weights and the arenas of sessions. It grows as needed and never shrinks;
 * freed blocks are used again. A growth makes a new buffer: views are made when they are needed, and never kept.
 *
 * Shared, it lies here and all threads see it. Where shared memory cannot be had it is a worker's own: then this only keeps the books, and
 * `pages` says how large the worker must make it.
 */
import { DeviceError } from "../../errors.ts";
import { formatBytes } from "../../tensor/format-bytes.ts";

export interface Block {
  /** Byte address, a multiple of 64. */
  readonly address: number;
  /** A multiple of 64, at least what was asked for. */
  readonly bytes: number;
}

export const pageBytes = 64 * 1024;
/** What 32-bit addresses reach. */
export const maximumPages = 65536;
const alignment = 64;

export class WasmHeap {
  /** The shared memory; undefined where it is a worker's own. */
  readonly memory: WebAssembly.Memory | undefined;
  /** Its size, in pages of 64 KiB. */
  pages = 1;
  /** Blocks allocated so far. */
  allocated = 0;
  readonly #live = new Set<Block>();
  /** Freed blocks, by address, no two neighbours. */
  #free: Block[] = [];
  /** Address behind the last block. 0 is no block's address. */
  #top = alignment;

  constructor({ shared }: { readonly shared: boolean }) {
    if (shared) this.memory = makeSharedMemory();
  }

  get liveBlocks(): number {
    return this.#live.size;
  }

  get liveBytes(): number {
    return [...this.#live].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #asked(bytes: number, what: string): string {
    return `${what} needs ${formatBytes(bytes)} beside the ${formatBytes(this.#top)} in use`;
  }

  /** Throws DeviceError for what would pass 4 GiB, which addresses do not reach. */
  refuseBeyond(bytes: number, what: string): void {
    const most = maximumPages * pageBytes;
    if (this.#top + align(bytes) <= most) return;
    throw new DeviceError(
      `device "wasm": ${this.#asked(bytes, what)}, and a model's memory ends at ${formatBytes(most)}: use a smaller batch or image`,
    );
  }

  /**
   * Makes room for `bytes` more, of which `what` says what they are. Throws DeviceError, with how much was asked for, when the memory
   * would pass 4 GiB or the system does not give it.
   */
  reserve(bytes: number, what: string): void {
    const end = this.#top + align(bytes);
    const missing = Math.ceil(end / pageBytes) - this.pages;
    if (missing <= 0) return;
    this.refuseBeyond(bytes, what);
    try {
      this.memory?.grow(missing);
      this.pages += missing;
    } catch (cause) {
      throw new DeviceError(
        `device "wasm": ${this.#asked(bytes, what)}, which the system does not give: use a smaller batch or image`,
        { cause },
      );
    }
  }

  /** A block, not zeroed. Throws as `reserve`. */
  allocate(bytes: number, what: string): Block {
    const size = align(bytes);
    const at = this.#free.findIndex((block) => block.bytes >= size);
    let address: number;
    if (at >= 0) {
      const found = this.#free[at]!;
      address = found.address;
      const rest = { address: address + size, bytes: found.bytes - size };
      this.#free.splice(at, 1, ...(rest.bytes > 0 ? [rest] : []));
    } else {
      this.reserve(size, what);
      address = this.#top;
      this.#top += size;
    }
    const block = { address, bytes: size };
    this.#live.add(block);
    this.allocated++;
    return block;
  }

  /** Gives a block back. */
  free(block: Block): void {
    if (!this.#live.delete(block)) return;
    const merged: Block[] = [];
    for (const next of [...this.#free, block].sort((a, b) => a.address - b.address)) {
      const last = merged.at(-1);
      if (last && last.address + last.bytes === next.address)
        merged[merged.length - 1] = { address: last.address, bytes: last.bytes + next.bytes };
      else merged.push(next);
    }
    const last = merged.at(-1)!;
    if (last.address + last.bytes === this.#top) {
      this.#top = last.address;
      merged.pop();
    }
    this.#free = merged;
  }

  /** `elements` float32 numbers at an address of the shared memory. */
  floats(address: number, elements: number): Float32Array {
    if (!this.memory) throw new Error("the memory is a worker's own");
    return new Float32Array(this.memory.buffer, address, elements);
  }
}

/** Address space is taken for the most that it may grow to; a system that has too little of it gets a smaller one. */
function makeSharedMemory(): WebAssembly.Memory {
  for (let maximum = maximumPages; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch (cause) {
      if (maximum > 4096) continue;
      throw new DeviceError('device "wasm": no WebAssembly memory can be made: the process has no address space left', {
        cause,
      });
    }
  }
}

export function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
