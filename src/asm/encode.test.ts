import { describe, expect, test } from "vitest";
import { ByteWriter } from "./encode.ts";

const bytesOf = (write: (out: ByteWriter) => void): number[] => {
  const out = new ByteWriter();
  write(out);
  return out.bytes;
};

/** LEB128 read back as the specification says, to compare with what was written. */
function readLeb(bytes: readonly number[], signed: boolean): number {
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
  }
  if (signed && (bytes.at(-1)! & 0x40) !== 0) value -= 1n << shift;
  return Number(value);
}

describe("LEB128", () => {
  test.each([
    [0, [0x00]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [624485, [0xe5, 0x8e, 0x26]], // the specification's own example
    [0xffff_ffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("unsigned %i", (value, expected) => {
    expect(bytesOf((out) => out.u32(value))).toEqual(expected);
  });

  test.each([
    [0, [0x00]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-123456, [0xc0, 0xbb, 0x78]], // the specification's own example
    [-0x8000_0000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])("signed %i", (value, expected) => {
    expect(bytesOf((out) => out.i32(value))).toEqual(expected);
  });

  test("reads back around every power of two, in the fewest bytes", () => {
    for (let bit = 0; bit < 32; bit++)
      for (const value of [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]) {
        const unsigned = bytesOf((out) => out.u32(value));
        expect(readLeb(unsigned, false)).toBe(value);
        expect(unsigned.length).toBe(Math.max(1, Math.ceil(Math.log2(value + 1) / 7)));
        for (const signed of [value | 0, -value | 0])
          expect(
            readLeb(
              bytesOf((out) => out.i32(signed)),
              true,
            ),
          ).toBe(signed);
      }
  });

  test("addresses above 2^31 are the same bits as negative numbers", () => {
    expect(bytesOf((out) => out.i32(0xffff_fff0))).toEqual(bytesOf((out) => out.i32(-16)));
  });

  test("refuses what does not fit", () => {
    expect(() => bytesOf((out) => out.u32(-1))).toThrow(/-1 is not a whole number from 0/);
    expect(() => bytesOf((out) => out.u32(2 ** 32))).toThrow(RangeError);
    expect(() => bytesOf((out) => out.i32(1.5))).toThrow(/1.5 is not a whole number of 32 bits/);
    expect(() => bytesOf((out) => out.i32(-(2 ** 31) - 1))).toThrow(RangeError);
  });
});

test("floats are IEEE 754, little-endian", () => {
  expect(bytesOf((out) => out.f32(1))).toEqual([0, 0, 0x80, 0x3f]);
  expect(bytesOf((out) => out.f64(-2))).toEqual([0, 0, 0, 0, 0, 0, 0, 0xc0]);
});

test("names are UTF-8 with their length in bytes", () => {
  expect(bytesOf((out) => out.name("é!"))).toEqual([3, 0xc3, 0xa9, 0x21]);
});
