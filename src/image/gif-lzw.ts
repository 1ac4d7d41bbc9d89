/**
 * GIF's variable-length LZW (GIF89a, appendix F), into a buffer of known size. It stops when the buffer is full and looks no
 * further: encoders differ in how they end.
 */
import { ImageError } from "../errors.ts";

const maxCodes = 4096;

/**
 * Decodes palette indices from data sub-blocks that begin at `bytes[at]` until `out` is full.
 * @param bits the minimum code size, 1 to 8
 * @throws ImageError truncated where the file ends first, corrupt at a code that means nothing or an early end of the data
 */
export function decodeLzw(bytes: Uint8Array, at: number, bits: number, out: Uint8Array): void {
  const clear = 1 << bits;
  // A code above `clear` stands for the string of code prefix[code] and one more index, suffix[code].
  const prefix = new Uint16Array(maxCodes);
  const suffix = new Uint8Array(maxCodes);
  const reversed = new Uint8Array(maxCodes + 1);
  let next = clear + 2;
  let width = bits + 1;
  let previous = -1;
  let first = 0; // the first index of the previous string
  let filled = 0;
  let left = 0; // bytes left in the sub-block
  let buffer = 0;
  let count = 0;

  while (filled < out.length) {
    while (count < width) {
      if (left === 0) {
        // A sub-block counts when it is whole, as for Pillow.
        left = bytes[at++] ?? 0;
        if (at + left > bytes.length) throw truncated(bytes.length);
        if (left === 0) throw new ImageError("corrupt", "damaged GIF: its data ends before the last pixel");
      }
      buffer |= bytes[at++]! << count;
      count += 8;
      left--;
    }
    const code = buffer & ((1 << width) - 1);
    buffer >>>= width;
    count -= width;

    if (code === clear) {
      next = clear + 2;
      width = bits + 1;
      previous = -1;
      continue;
    }
    if (code === clear + 1) throw new ImageError("corrupt", "damaged GIF: its data ends before the last pixel");
    if (code > (previous < 0 ? clear : next)) throw new ImageError("corrupt", "damaged GIF: a code that means nothing");

    // The string comes out last index first; a code not yet in the table is the previous string and its own first index.
    let length = 0;
    let rest = code;
    if (previous >= 0 && code === next) {
      reversed[length++] = first;
      rest = previous;
    }
    while (rest > clear) {
      reversed[length++] = suffix[rest]!;
      rest = prefix[rest]!;
    }
    first = rest;
    reversed[length++] = rest;
    if (previous >= 0 && next < maxCodes) {
      prefix[next] = previous;
      suffix[next] = first;
      next++;
      if (next === 1 << width && width < 12) width++;
    }
    previous = code;
    while (length > 0 && filled < out.length) out[filled++] = reversed[--length]!;
  }
}

function truncated(size: number): ImageError {
  return new ImageError("truncated", `truncated GIF: its ${size} bytes end among the pixels`);
}
