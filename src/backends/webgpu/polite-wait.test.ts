/** How long a software adapter is left alone before it is asked. */
import { expect, test } from "vitest";
import { nextExpectation, PoliteWait } from "./polite-wait.ts";

test("nothing is learnt of a first time, in which drivers compile", () => {
  expect(nextExpectation(undefined, 5000, 5000)).toBe(0);
});

test("what was waited for awake is known", () => {
  expect(nextExpectation(0, 100, 100)).toBe(100);
  expect(nextExpectation(100, 120, 35)).toBe(120);
});

test("what was done when it was asked for is tried at half the time", () => {
  expect(nextExpectation(1000, 850, 1)).toBe(425);
});

test("sleeps no longer than the work takes, once it knows", async () => {
  const wait = new PoliteWait();
  let asked = 0;
  /** Work that ends 60 ms after it began. */
  const run = async () => {
    const start = performance.now();
    await wait.during(1, async () => {
      asked = performance.now() - start;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 60 - asked)));
    });
  };
  await run();
  expect(asked).toBeLessThan(30);
  await run();
  await run();
  expect(asked).toBeGreaterThan(40); // 85 % of 60 ms
});
