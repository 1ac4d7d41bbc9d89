import { expect, it } from "vitest";
import { watchEventLoop } from "./event-loop.ts";

it("sees how long the loop was kept", async () => {
  const watch = watchEventLoop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const until = performance.now() + 60;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { p99, most } = watch.end();
  expect(most).toBeGreaterThanOrEqual(50);
  expect(p99).toBeLessThanOrEqual(most);
});
