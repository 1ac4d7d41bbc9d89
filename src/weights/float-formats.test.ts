import { expect, test } from "vitest";
import {
  bfloat16,
  binary16,
  roundTo16,
  widenBfloat16,
  widenFloat8E4M3,
  widenFloat8E5M2,
  widenFloat16,
} from "./float-formats.ts";

const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** Bits of float32s, so that -0, NaN payloads and the last bit count. */
const bitsOf = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);

test("every binary16 widens to the engine's own reading of it", () => {
  const view = new DataView(everyHalf.buffer);
  const widened = widenFloat16(everyHalf);
  for (let i = 0; i < 65536; i++) {
    const expected = view.getFloat16(2 * i, true);
    if (!Object.is(widened[i], expected)) throw new Error(`0x${i.toString(16)}: ${widened[i]}, expected ${expected}`);
  }
  expect([...bitsOf(widenFloat16(new Uint16Array([0x7c01, 0xfe00])))]).toEqual([0x7f802000, 0xffc00000]);
});

test("every value of both 16-bit formats rounds to itself", () => {
  for (const [format, widen] of [
    [binary16, widenFloat16],
    [bfloat16, widenBfloat16],
  ] as const) {
    const values = widen(everyHalf);
    for (let i = 0; i < 65536; i++) {
      const rounded = roundTo16(values[i]!, format);
      if (Number.isNaN(values[i])) expect(Number.isNaN(widen(new Uint16Array([rounded]))[0])).toBe(true);
      else if (rounded !== i) throw new Error(`0x${i.toString(16)} became 0x${rounded.toString(16)}`);
    }
  }
});

test("halfway points go to the even neighbour, and a hair beside them to the nearer one", () => {
  for (const [format, widen] of [
    [binary16, widenFloat16],
    [bfloat16, widenBfloat16],
  ] as const) {
    const values = widen(everyHalf);
    const largest = roundTo16(Number.POSITIVE_INFINITY, format) - 1;
    for (let i = 0; i < largest; i++) {
      const middle = (values[i]! + values[i + 1]!) / 2;
      const even = i % 2 === 0 ? i : i + 1;
      const got = [roundTo16(middle, format), roundTo16(middle * (1 - 2 ** -40), format), roundTo16(-middle, format)];
      if (got[0] !== even || got[1] !== i || got[2] !== (even | 0x8000))
        throw new Error(`between ${i} and ${i + 1}: ${got}`);
    }
  }
  expect(roundTo16(65519.99, binary16)).toBe(0x7bff);
  expect(roundTo16(65520, binary16)).toBe(0x7c00);
  expect(roundTo16(1e300, bfloat16)).toBe(0x7f80);
  expect(roundTo16(5e-324, binary16)).toBe(0);
  expect(roundTo16(-5e-324, bfloat16)).toBe(0x8000);
});

test("the 8-bit formats have the values of the OCP specification's table", () => {
  const e4m3 = widenFloat8E4M3(Uint8Array.from({ length: 256 }, (_, i) => i));
  expect([e4m3[0x7e], e4m3[0x08], e4m3[0x07], e4m3[0x01]]).toEqual([448, 2 ** -6, 0.875 * 2 ** -6, 2 ** -9]);
  expect([e4m3[0x7f], e4m3[0xff], e4m3[0x80], e4m3[0x38]]).toEqual([Number.NaN, Number.NaN, -0, 1]);
  const e5m2 = widenFloat8E5M2(Uint8Array.from({ length: 256 }, (_, i) => i));
  expect([e5m2[0x7b], e5m2[0x04], e5m2[0x03], e5m2[0x01]]).toEqual([57344, 2 ** -14, 0.75 * 2 ** -14, 2 ** -16]);
  expect([e5m2[0x7c], e5m2[0xfc], e5m2[0x7d]]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ]);
});
