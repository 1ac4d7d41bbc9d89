/** Holds the hash to Python's: test/golden/hash-fill.json is what tools/golden/hashes.py wrote. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { fillParameter, hashPositive, hashSeed, hashSigned } from "./hash-fill.ts";

interface Committed {
  count: number;
  scale: number;
  fills: { text: string; seed: number; signed: number[]; positive: number[] }[];
  parameters: { name: string; shape: number[]; values: number[] }[];
}

const golden: Committed = JSON.parse(
  await readFile(new URL("../golden/hash-fill.json", import.meta.url), "utf8"),
) as Committed;

/** The first four numbers and the last, as the golden keeps them. */
const ends = (numbers: Float32Array) => [...numbers.slice(0, 4), numbers.at(-1)];

test.each(golden.fills)("hash of $text", ({ text, seed, signed, positive }) => {
  expect(hashSeed(text)).toBe(seed);
  expect(ends(hashSigned(text, golden.count, golden.scale))).toEqual(signed);
  expect(ends(hashPositive(text, golden.count, golden.scale))).toEqual(positive);
});

test.each(golden.parameters)("parameter $name", ({ name, shape, values }) => {
  expect(ends(fillParameter("net", name, shape, ".bn2"))).toEqual(values);
});

test("the numbers are spread evenly and end where they should", () => {
  const signed = hashSigned("spread", 100_000);
  const mean = signed.reduce((sum, x) => sum + x, 0) / signed.length;
  const variance = signed.reduce((sum, x) => sum + x * x, 0) / signed.length;
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.005);
  expect(Math.min(...signed.slice(0, 10_000))).toBeGreaterThanOrEqual(-1);
  expect(Math.max(...hashPositive("spread", 10_000))).toBeLessThan(1.5);
});
