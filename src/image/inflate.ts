/**
 * The zlib format (RFC 1950) and deflate (RFC 1951), decompressing only, into a buffer of known size: nothing is allocated by what a
 * file claims, and it stops when the buffer is full, whatever follows. The runtimes' own (node:zlib, DecompressionStream) differ from
 * one another in what they make of a stream that ends too soon or goes on too long, and fflate 0.8 takes a stored block of a wrong
 * length, a string from before the beginning and a code of wrong lengths without a word; this refuses them, and is the same everywhere.
 */

/** Why it stopped: the buffer is full, or before that the stream ended, the bytes ended, or made no sense. */
export type InflateEnd = "full" | "ended" | "cut" | "corrupt";

/** A prefix code: for the next bits of the stream, `mask` of them, symbol << 4 | the code's length; 0 where no code fits. */
interface PrefixCode {
  readonly entries: Uint16Array;
  readonly mask: number;
}

/** In which order a block's header gives the lengths of the codes for lengths. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

/** Decompresses `bytes` into `out`. */
export function inflate(bytes: Uint8Array, out: Uint8Array): InflateEnd {
  if (bytes.length < 2) return "cut";
  // Method 8 (deflate) with a window of at most 2^15, a multiple of 31 as a check, no preset dictionary.
  const header = (bytes[0]! << 8) | bytes[1]!;
  if ((header & 0x8f00) !== 0x0800 || header % 31 !== 0 || header & 0x20) return "corrupt";
  const stream = new BitStream(bytes, 2);
  let filled = 0;
  for (let last = 0; last === 0; ) {
    last = stream.bits(1);
    const kind = stream.bits(2);
    if (stream.overrun()) return "cut";
    let end: number | InflateEnd;
    if (kind === 0) end = copyStored(stream, out, filled);
    else {
      const codes = kind === 1 ? fixedCodes() : kind === 2 ? readCodes(stream) : undefined;
      if (!codes) return stream.overrun() ? "cut" : "corrupt";
      end = inflateBlock(stream, codes, out, filled);
    }
    if (typeof end === "string") return end;
    filled = end;
  }
  return filled === out.length ? "full" : "ended";
}

/** A block that is not compressed: at the next whole byte a length, its complement, and the bytes. */
function copyStored(stream: BitStream, out: Uint8Array, filled: number): number | InflateEnd {
  stream.toWholeByte();
  const length = stream.bits(16);
  const complement = stream.bits(16);
  if (stream.overrun()) return "cut";
  if (length !== (~complement & 0xffff)) return "corrupt";
  stream.toWholeByte();
  const from = stream.at;
  const fits = stream.bytes.subarray(from, from + Math.min(length, out.length - filled));
  out.set(fits, filled);
  stream.at += length;
  if (filled + fits.length === out.length) return "full";
  return fits.length < length ? "cut" : filled + length;
}

/** One block's symbols, from `out[filled]` on. @returns how far `out` is filled at the block's end, or why it ended before */
function inflateBlock(stream: BitStream, codes: BlockCodes, out: Uint8Array, filled: number): number | InflateEnd {
  const { entries: literals, mask: literalMask } = codes.literals;
  const { entries: distances, mask: distanceMask } = codes.distances;
  const { bytes } = stream;
  // The stream's state, in variables of this loop's own.
  let { at, hold, count } = stream;
  let to = filled;
  while (to < out.length) {
    // Before each symbol and before the bits behind it at least 17 bits are at hand; no code has more than 15, no number more than 13.
    for (; count <= 16; count += 8) hold |= (bytes[at++] ?? 0) << count;
    const entry = literals[hold & literalMask]!;
    const symbol = entry >> 4;
    hold >>>= entry & 15;
    count -= entry & 15;
    // Past the last byte there are zeros; a symbol that took one of them is none.
    if (at > bytes.length && at - (count >> 3) > bytes.length) return "cut";
    if (entry === 0) return at > bytes.length ? "cut" : "corrupt";
    if (symbol < 256) {
      out[to++] = symbol;
      continue;
    }
    if (symbol === 256) {
      stream.at = at;
      stream.hold = hold;
      stream.count = count;
      return to;
    }
    if (symbol > 285) return "corrupt";

    let length = symbol - 254;
    if (symbol === 285) length = 258;
    else if (symbol >= 265) {
      const extra = (symbol - 261) >> 2;
      for (; count <= 16; count += 8) hold |= (bytes[at++] ?? 0) << count;
      length = ((4 | ((symbol - 1) & 3)) << extra) + (hold & ((1 << extra) - 1)) + 3;
      hold >>>= extra;
      count -= extra;
    }

    for (; count <= 16; count += 8) hold |= (bytes[at++] ?? 0) << count;
    const distanceEntry = distances[hold & distanceMask]!;
    const code = distanceEntry >> 4;
    hold >>>= distanceEntry & 15;
    count -= distanceEntry & 15;
    let distance = code + 1;
    if (code >= 2) {
      const extra = (code >> 1) - 1;
      for (; count <= 16; count += 8) hold |= (bytes[at++] ?? 0) << count;
      distance = ((2 | (code & 1)) << extra) + (hold & ((1 << extra) - 1)) + 1;
      hold >>>= extra;
      count -= extra;
    }
    if (at > bytes.length && at - (count >> 3) > bytes.length) return "cut";
    if (distanceEntry === 0) return at > bytes.length ? "cut" : "corrupt";
    if (code > 29 || distance > to) return "corrupt";

    // One by one, since a string may overlap its own copy.
    const end = Math.min(to + length, out.length);
    for (let from = to - distance; to < end; from++, to++) out[to] = out[from]!;
  }
  return "full";
}

interface BlockCodes {
  readonly literals: PrefixCode;
  readonly distances: PrefixCode;
}

let fixed: BlockCodes | undefined;

function fixedCodes(): BlockCodes {
  if (!fixed) {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    fixed = { literals: makeCode(lengths)!, distances: makeCode(new Uint8Array(30).fill(5))! };
  }
  return fixed;
}

/** A dynamic block's header: counts, the code for lengths, and the lengths of both codes, run-length encoded. */
function readCodes(stream: BitStream): BlockCodes | undefined {
  const literalCount = stream.bits(5) + 257;
  const distanceCount = stream.bits(5) + 1;
  const count = stream.bits(4) + 4;
  const lengthLengths = new Uint8Array(19);
  for (let i = 0; i < count; i++) lengthLengths[lengthOrder[i]!] = stream.bits(3);
  const lengthCode = makeCode(lengthLengths);
  if (!lengthCode) return undefined;
  const lengths = new Uint8Array(literalCount + distanceCount);
  for (let i = 0; i < lengths.length; ) {
    const symbol = stream.symbol(lengthCode);
    if (symbol === undefined || stream.overrun()) return undefined;
    if (symbol < 16) {
      lengths[i++] = symbol;
      continue;
    }
    // 16 repeats the last length, 17 and 18 stand for runs of zeros.
    if (symbol === 16 && i === 0) return undefined;
    const value = symbol === 16 ? lengths[i - 1]! : 0;
    const times = symbol === 16 ? stream.bits(2) + 3 : symbol === 17 ? stream.bits(3) + 3 : stream.bits(7) + 11;
    if (i + times > lengths.length) return undefined;
    lengths.fill(value, i, i + times);
    i += times;
  }
  const literals = makeCode(lengths.subarray(0, literalCount));
  const distances = makeCode(lengths.subarray(literalCount));
  return literals && distances ? { literals, distances } : undefined;
}

/** The canonical code of these lengths (RFC 1951, 3.2.2), or undefined where there are too many short ones. */
function makeCode(lengths: Uint8Array): PrefixCode | undefined {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const size = 1 << longest;
  const entries = new Uint16Array(size);
  let code = 0; // of `longest` bits, the highest first
  for (let length = 1; length <= longest; length++) {
    const step = 1 << (longest - length);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      if (code + step > size) return undefined;
      // The stream has a code's highest bit first, in its lowest bit; the bits behind it may be any.
      for (let i = reverse(code, longest); i < size; i += 1 << length) entries[i] = (symbol << 4) | length;
      code += step;
    }
  }
  return { entries, mask: size - 1 };
}

/** The lowest `count` bits of `bits` in reverse order. */
function reverse(bits: number, count: number): number {
  let reversed = 0;
  for (let i = 0; i < count; i++) reversed |= ((bits >> i) & 1) << (count - 1 - i);
  return reversed;
}

/** Bits from the lowest of each byte up. Beyond the last byte there are zeros. */
class BitStream {
  readonly bytes: Uint8Array;
  /** The next byte to take into `hold`, whose low `count` bits are the next ones. */
  at: number;
  hold = 0;
  count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** True once a bit beyond the last byte was taken. */
  overrun(): boolean {
    return this.at - (this.count >> 3) > this.bytes.length;
  }

  /** The next `count` ≤ 16 bits. */
  bits(count: number): number {
    this.#fill();
    const value = this.hold & ((1 << count) - 1);
    this.hold >>>= count;
    this.count -= count;
    return value;
  }

  /** The next symbol of a code, undefined where there is none. */
  symbol({ entries, mask }: PrefixCode): number | undefined {
    this.#fill();
    const entry = entries[this.hold & mask]!;
    this.hold >>>= entry & 15;
    this.count -= entry & 15;
    return entry === 0 ? undefined : entry >> 4;
  }

  /** Drops the rest of a byte begun; whole bytes at hand go back. */
  toWholeByte(): void {
    this.at -= this.count >> 3;
    this.hold = 0;
    this.count = 0;
  }

  #fill(): void {
    for (; this.count <= 16; this.count += 8) this.hold |= (this.bytes[this.at++] ?? 0) << this.count;
  }
}
