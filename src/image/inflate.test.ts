import { constants, deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflate } from "./inflate.ts";

const text = new TextEncoder().encode("the same words again, the same words again, and other ones. ".repeat(40));

function compress(data: Uint8Array, options: { level?: number; strategy?: number } = {}): Uint8Array {
  return new Uint8Array(deflateSync(data, options));
}

describe("inflate", () => {
  it.each([
    ["stored", { level: 0 }],
    ["fixed codes", { strategy: constants.Z_FIXED }],
    ["dynamic codes", { level: 9 }],
    ["run lengths", { strategy: constants.Z_RLE }],
    ["no strings", { strategy: constants.Z_HUFFMAN_ONLY }],
  ])("gives back what zlib compressed: %s", (_, options) => {
    // Longer than a stored block's 65,535 bytes and than the window.
    const data = Uint8Array.from({ length: 150_000 }, (_, i) =>
      i % 1000 < 400 ? text[i % text.length]! : (i * i) >> 5,
    );
    const out = new Uint8Array(data.length);
    expect(inflate(compress(data, options), out)).toBe("full");
    expect(out).toEqual(data);
  });

  it("gives back whatever zlib compressed (properties)", () => {
    const options = fc.record({ level: fc.integer({ min: 0, max: 9 }), strategy: fc.integer({ min: 0, max: 4 }) });
    // Few different bytes, so that there are strings to find.
    const data = fc.uint8Array({ max: 3, maxLength: 2000 });
    fc.assert(
      fc.property(data, options, (bytes, how) => {
        const out = new Uint8Array(bytes.length);
        expect(inflate(compress(bytes, how), out)).toBe("full");
        expect(out).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it("stops when the buffer is full, whatever the stream still has: a bomb costs no memory", () => {
    const bomb = compress(new Uint8Array(20_000_000).fill(7));
    const out = new Uint8Array(100);
    expect(inflate(bomb, out)).toBe("full");
    expect(out).toEqual(new Uint8Array(100).fill(7));
  });

  it("tells a stream that ended from bytes that ended", () => {
    const stream = compress(text);
    const out = new Uint8Array(text.length + 1);
    expect(inflate(stream, out)).toBe("ended");
    // The last four bytes are a checksum, which is not needed.
    for (let length = 0; length < stream.length - 5; length++) {
      expect(inflate(stream.subarray(0, length), out), `${length} bytes`).toBe("cut");
    }
  });

  it.each([
    ["no zlib header", [0x00, 0x00, 0x03, 0x00]],
    ["a preset dictionary", [0x78, 0xbb, 0x03, 0x00]],
    ["block type 3", [0x78, 0x9c, 0x07, 0x00]],
    ["a stored block whose length does not fit its complement", [0x78, 0x9c, 0x01, 0x02, 0x00, 0xfd, 0x00, 1, 2]],
    ["a string from before the beginning", [0x78, 0x9c, 0x03, 0x02, 0x00, 0x00, 0x00]],
    ["length codes that do not make a code", [0x78, 0x9c, 0x05, 0xe0, 0x93, 0x24, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24]],
  ])("refuses %s", (_, bytes) => {
    expect(inflate(new Uint8Array(bytes), new Uint8Array(100))).toBe("corrupt");
  });

  it("ends whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const ends = ["full", "ended", "cut", "corrupt"];
        expect(ends).toContain(inflate(new Uint8Array([0x78, 0x9c, ...bytes]), new Uint8Array(5000)));
      }),
      { numRuns: 500 },
    );
  });
});
