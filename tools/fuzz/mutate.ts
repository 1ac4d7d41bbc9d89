/** Damage to a good file: bits, numbers, lengths, cuts, parts twice, parts of another file. */
import type { Random } from "./random.ts";

/** `hot`: ranges that say how the rest is to be read; half of the damage is done there. */
export function mutate(
  good: Uint8Array,
  other: Uint8Array,
  hot: readonly (readonly [number, number])[],
  random: Random,
): Uint8Array {
  let bytes = good.slice();
  const place = (): number => {
    const [from, to] = hot.length > 0 && random.below(2) === 0 ? random.pick(hot) : [0, bytes.length];
    return Math.min(from + random.below(Math.max(1, to - from)), Math.max(0, bytes.length - 1));
  };
  for (let times = 1 + random.below(3); times > 0 && bytes.length > 0; times--) {
    const at = place();
    switch (random.below(8)) {
      case 0:
      case 1:
        for (let n = 1 + random.below(4); n > 0; n--) bytes[place()]! ^= 1 << random.below(8);
        break;
      case 2:
        bytes[at] = random.below(256);
        break;
      case 3:
      case 4:
        writeNumber(bytes, at, random);
        break;
      case 5:
        bytes = bytes.slice(
          0,
          random.below(4) === 0 ? random.below(bytes.length) : Math.max(0, bytes.length - 1 - random.below(64)),
        );
        break;
      case 6: {
        const length = 1 + random.below(Math.min(64, bytes.length));
        const part = bytes.slice(at, at + length);
        const cut = random.below(2) === 0; // left out, or there twice
        bytes = joined(bytes.subarray(0, at), cut ? new Uint8Array(0) : part, bytes.subarray(cut ? at + length : at));
        break;
      }
      default: {
        const from = random.below(other.length);
        bytes.set(other.subarray(from, from + Math.min(1 + random.below(200), bytes.length - at)), at);
      }
    }
  }
  return bytes;
}

/** A number of 1, 2, 4 or 8 bytes that lengths go wrong at. */
function writeNumber(bytes: Uint8Array, at: number, random: Random): void {
  const width = random.pick([1, 2, 4, 8]);
  const size = BigInt(bytes.length);
  const odd = [0n, 1n, 2n, 0x7fn, 0xffn, 0xffffn, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n];
  let number = random.pick([
    ...odd,
    2n ** 53n,
    2n ** 63n - 1n,
    2n ** 63n,
    -1n,
    size,
    size - 1n,
    size + 1n,
    BigInt(random.below(100_000)),
  ]);
  for (let i = 0; i < width && at + i < bytes.length; i++) {
    bytes[at + i] = Number(number & 255n);
    number >>= 8n;
  }
}

export function joined(...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  // Not Uint8Array.from, whose iteration takes a hundred times the memory: it would be measured.
  const all = parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part));
  const out = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
