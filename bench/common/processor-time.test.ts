import { expect, it } from "vitest";
import { processorTimeOf, processorTimeOfAll } from "./processor-time.ts";

const isLinux = process.platform === "linux";
if (!isLinux) console.warn("skipped: processor time, since it is read from Linux's /proc");
it.skipIf(!isLinux)("processor time grows with work", () => {
  const before = { self: processorTimeOf("self")!, all: processorTimeOfAll()! };
  const end = performance.now() + 200;
  while (performance.now() < end) Math.sqrt(end);
  const self = processorTimeOf("self")! - before.self;
  expect(self).toBeGreaterThan(20); // a busy machine gives less than it was asked for
  expect(processorTimeOfAll()! - before.all).toBeGreaterThanOrEqual(self - 20);
  expect(processorTimeOf(2 ** 30)).toBeUndefined();
});
