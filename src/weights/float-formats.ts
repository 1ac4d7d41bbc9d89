/**
 * Small floating-point formats, exactly: widened to float32 (every value of theirs is one of float32's) and rounded from float64
 * to the nearest, ties to even. Formats: IEEE 754-2019 binary16; bfloat16, the upper half of a binary32; and the OCP 8-bit
 * formats E4M3 (no infinities) and E5M2 ("OCP 8-bit Floating Point Specification", revision 1.0).
 */

/** binary16 → float32, every bit pattern, subnormals and NaN payloads included. */
export function widenFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const magnitude = (half & 0x7fff) << 13;
    if (magnitude >= 0x7c00 << 13) {
      bits[i] = 0x7f800000 | magnitude;
    } else {
      // The bits, moved into place, are the value with an exponent bias of 127 for 15: 2^112 too small, subnormals too.
      bits[i] = magnitude;
      out[i]! *= 2 ** 112;
    }
    bits[i]! |= (half & 0x8000) << 16;
  }
  return out;
}

/** bfloat16 → float32: the same bits above sixteen zeros. */
export function widenBfloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return out;
}

/** OCP E5M2 → float32: the upper byte of a binary16. */
export function widenFloat8E5M2(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  return widenFloat16(Uint16Array.from(bytes, (byte) => byte << 8));
}

/** OCP E4M3 → float32: bias 7; no infinities, S.1111.111 is NaN, so the largest value is 448. */
export function widenFloat8E4M3(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bytes, (byte) => {
    const exponent = (byte >> 3) & 15;
    const fraction = byte & 7;
    if (exponent === 15 && fraction === 7) return Number.NaN;
    const magnitude = exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10);
    return byte & 0x80 ? -magnitude : magnitude;
  });
}

/** A binary format of 16 bits: sign, exponent, fraction. */
export interface Format16 {
  readonly fractionBits: number;
  /** The exponent of the smallest normal value, and of the largest. */
  readonly minExponent: number;
  readonly maxExponent: number;
}

export const binary16: Format16 = { fractionBits: 10, minExponent: -14, maxExponent: 15 };
export const bfloat16: Format16 = { fractionBits: 7, minExponent: -126, maxExponent: 127 };

const scratch = new DataView(new ArrayBuffer(8));

/** float64 → the nearest value's bits, in one rounding, ties to even; beyond the largest value it gives infinity, as IEEE 754 does. */
export function roundTo16(value: number, { fractionBits, minExponent, maxExponent }: Format16): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const infinity = (maxExponent - minExponent + 2) << fractionBits;
  if (Number.isNaN(value)) return infinity | (1 << (fractionBits - 1));
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  // The exponent of a float64 stands in its bits; where the format's values are subnormal, all have the smallest normal one's.
  scratch.setFloat64(0, magnitude);
  const exponent = Math.max((scratch.getUint32(0) >>> 20) - 1023, minExponent);
  if (exponent > maxExponent) return sign | infinity;
  // Scaled so that the format's values are whole numbers; exact, since it is a power of two and never makes a normal value subnormal.
  const scaled = magnitude * 2 ** (fractionBits - exponent);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // `rounded` has its leading 1 at bit fractionBits (none where subnormal): added to the exponent below, it carries by itself.
  return sign | (((exponent - minExponent) << fractionBits) + rounded);
}
