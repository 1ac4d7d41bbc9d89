/** A short run of what `npm run fuzz:weights` does at length, the same every time: each file is read or refused, and none by an accident. */
import { expect, test } from "vitest";
import { casesOf, fuzzFormats } from "./formats.ts";
import { judge } from "./judge.ts";

test.each(Object.keys(fuzzFormats))("%s: 150 damaged and hostile files", async (format) => {
  const caseAt = await casesOf(format, 2026);
  const counts = { read: 0, refused: 0 };
  for (let index = 0; index < 150; index++) {
    const given = caseAt(index);
    const verdict = await judge(given);
    if (typeof verdict === "object")
      expect.fail(`${format}, seed 2026, index ${index} (${given.name}): ${verdict.fault}`);
    counts[verdict]++;
  }
  expect(counts.read).toBeGreaterThan(0);
  expect(counts.refused).toBeGreaterThan(50);
});

test("the same seed and index make the same file", async () => {
  const [one, two, other] = await Promise.all([
    casesOf("torch-zip", 5),
    casesOf("torch-zip", 5),
    casesOf("torch-zip", 6),
  ]);
  expect(one(70).bytes).toEqual(two(70).bytes);
  expect(one(70).bytes).not.toEqual(other(70).bytes);
});
