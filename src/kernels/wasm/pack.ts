/** What kernels do to numbers while packing them. */

/** Float32's smallest normal number. */
const smallestNormal = 2 ** -126;
/** Below it an array's largest number is taken to be small on purpose. */
const ordinary = 2 ** -100;

/**
 * Sets denormal numbers to 0: each one slows a multiply-add down a hundredfold on x64, and WebAssembly cannot tell the CPU to ignore
 * them. Done only where they stand beside ordinary numbers and so cannot be seen in a float32 result.
 */
export function flushDenormals(values: Float32Array): void {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  if (!(largest >= ordinary)) return;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]!) < smallestNormal) values[i] = 0;
}
