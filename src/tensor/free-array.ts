/**
 * Large numbers for a moment: memory that goes back to the system at once, or is used again. The garbage collector counts objects and not
 * what lies behind them, and C libraries keep large blocks that were freed: more of them, the longer a process runs.
 */

/** Zeros, over a buffer that `freeArray` gives back: a resizable one, which is pages of its own, where the engine has them. */
export function passingFloat64(length: number): Float64Array<ArrayBuffer> {
  const bytes = 8 * length;
  return new Float64Array(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, length);
}

const pageBytes = 64 * 1024;
/** Smaller ones are any buffer's. */
const leastPaged = 4 * pageBytes;
/** Larger ones are not kept: they are rare, and most of a thread's memory. */
export const mostKept = 128 * 2 ** 20;

/** The memories of `pagedCopy` that nobody has freed yet. */
const lent = new WeakMap<ArrayBufferLike, WebAssembly.Memory>();
/** The one that the next copy takes: what a thread does again and again takes no more than it took at most. */
let spare: WebAssembly.Memory | undefined;

/**
 * A copy, over a WebAssembly memory's pages, which `freeArray` keeps for the next copy. Loops read them at full speed, and a resizable
 * buffer's at half of it. Throws RangeError where there is no memory.
 */
export function pagedCopy(bytes: Uint8Array): Uint8Array {
  if (bytes.length < leastPaged) return new Uint8Array(bytes);
  const pages = Math.ceil(bytes.length / pageBytes);
  const memory = spare ?? new WebAssembly.Memory({ initial: pages });
  spare = undefined;
  const missing = pages - memory.buffer.byteLength / pageBytes;
  if (missing > 0) memory.grow(missing);
  lent.set(memory.buffer, memory);
  const copy = new Uint8Array(memory.buffer, 0, bytes.length);
  copy.set(bytes);
  return copy;
}

/** Frees the array's buffer at once; nobody may use any array over it afterwards. Engines that cannot leave it to their collector. */
export function freeArray({ buffer }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer)) return;
  const memory = lent.get(buffer);
  if (memory) {
    lent.delete(buffer);
    if (buffer.byteLength <= mostKept) spare = memory;
  } else if (buffer.resizable) buffer.resize(0);
  else if (typeof buffer.transfer === "function") buffer.transfer(0);
}
