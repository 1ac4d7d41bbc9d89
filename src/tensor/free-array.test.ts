/** Memory that is used again: never while somebody still has what lies in it. */
import { expect, test } from "vitest";
import { freeArray, pagedCopy } from "./free-array.ts";

const megabyte = (of: number): Uint8Array => new Uint8Array(2 ** 20).fill(of);

test("a copy that is not freed stays as it is, whatever is copied behind it", () => {
  const copies = [1, 2, 3].map((value) => pagedCopy(megabyte(value)));
  expect(new Set(copies.map(({ buffer }) => buffer)).size).toBe(3);
  expect(copies).toEqual([1, 2, 3].map(megabyte));
});

test("a freed one's pages are the next one's, grown where they are too few", () => {
  const first = pagedCopy(megabyte(1));
  const { buffer } = first;
  freeArray(first);
  const second = pagedCopy(megabyte(2));
  expect(second.buffer).toBe(buffer);
  expect(pagedCopy(megabyte(3)).buffer).not.toBe(buffer);
  freeArray(second);
  const larger = pagedCopy(new Uint8Array(2 ** 22).fill(4));
  expect(buffer.byteLength).toBe(0); // the same memory, grown: what was freed is seen no more
  expect(larger).toEqual(new Uint8Array(2 ** 22).fill(4));
});

test("small ones are ordinary arrays", () => {
  const copy = pagedCopy(Uint8Array.of(1, 2, 3));
  expect(copy).toEqual(Uint8Array.of(1, 2, 3));
  expect(copy.buffer.byteLength).toBe(3);
});
