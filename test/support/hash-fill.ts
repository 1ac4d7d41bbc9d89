/**
 * Numbers from a seeded integer hash, the same here and in tools/golden/hash_fill.py to the last bit: goldens need no inputs on disk.
 * The seed is FNV-1a (32 bits) of a text's UTF-8 bytes; number i is the finaliser "lowbias32" (C. Wellons, hash prospector) of
 * (i + 1) * 0x9E3779B9 + seed. Its upper 24 bits are exact in float32.
 */
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";

/** FNV-1a, 32 bits, of the text's UTF-8 bytes. */
export function hashSeed(text: string): number {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) seed = Math.imul(seed ^ byte, 0x01000193);
  return seed >>> 0;
}

/** `count` numbers, uniform in [-1, 1) times `scale`: the product in float64, rounded to float32 once. */
export function hashSigned(seedText: string, count: number, scale = 1): Float32Array {
  return fill(seedText, count, (u) => (u / 2 ** 23 - 1) * scale);
}

/** `count` numbers, uniform in [0.5, 1.5) times `scale`, rounded as hashSigned: for variances and scales. */
export function hashPositive(seedText: string, count: number, scale = 1): Float32Array {
  return fill(seedText, count, (u) => (u / 2 ** 24 + 0.5) * scale);
}

/**
 * A network's tensor by its name, seeded by `prefix/name`: He-uniform convolutions and linears (sqrt(6 / fan_in)), biases and running means
 * within 0.1, running variances and the scales of batch norms in [0.5, 1.5); a tenth of that where the name ends in `smallNorm`.weight.
 */
export function fillParameter(prefix: string, name: string, shape: Shape, smallNorm?: string): Float32Array {
  const seed = `${prefix}/${name}`;
  const count = sizeOf(shape);
  if (name.endsWith("num_batches_tracked")) return new Float32Array(count);
  if (name.endsWith(".bias") || name.endsWith(".running_mean")) return hashSigned(seed, count, 0.1);
  if (shape.length > 1) return hashSigned(seed, count, Math.sqrt(6 / sizeOf(shape.slice(1))));
  return hashPositive(seed, count, smallNorm !== undefined && name.endsWith(`${smallNorm}.weight`) ? 0.1 : 1);
}

/** `toValue` sees a whole number in [0, 2^24); storing its result rounds to float32. */
function fill(seedText: string, count: number, toValue: (u: number) => number): Float32Array {
  const seed = hashSeed(seedText);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i + 1, 0x9e3779b9) + seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    out[i] = toValue((h ^ (h >>> 16)) >>> 8);
  }
  return out;
}
