/**
 * Large numbers for a moment: memory that goes back to the system at once. The garbage collector counts objects and not what lies
 * behind them, and C libraries keep large blocks that were freed.
 */
/** Zeros, over a buffer that `freeArray` gives back: a resizable one, which is pages of its own, where the engine has them. */
export function passingFloat64(length: number): Float64Array<ArrayBuffer> {
  const bytes = 8 * length;
  return new Float64Array(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, length);
}

/** Frees the array's buffer at once; nobody may use any array over it afterwards. Engines that cannot leave it to their collector. */
export function freeArray({ buffer }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer)) return;
  if (buffer.resizable) buffer.resize(0);
  else if (typeof buffer.transfer === "function") buffer.transfer(0);
}
