/** How many images go at once. */
import { expect, test } from "vitest";
import { DeviceError } from "../../errors.ts";
import type { Plan, PlanBuffer } from "../../graph/plan.ts";
import { batchCapacity, bufferBytes } from "./batch-capacity.ts";

function planOf(...buffers: Omit<PlanBuffer, "id">[]): Plan<never> {
  return { steps: [], buffers: buffers.map((buffer, id) => ({ id, ...buffer })), weights: [], inputs: [], outputs: [] };
}

test("what fits is limited by the largest buffer that grows with the batch", () => {
  const plan = planOf(
    { elements: 10, repeat: "batch" },
    { elements: 100, repeat: "batch" },
    { elements: 200, repeat: 2 },
  );
  expect(batchCapacity(plan, 8, 1e9)).toBe(8);
  expect(batchCapacity(plan, 8, 3200)).toBe(8);
  expect(batchCapacity(plan, 8, 3199)).toBe(7);
  expect(batchCapacity(plan, 8, 1600)).toBe(4);
});

test("what does not fit at all is refused, with the numbers", () => {
  const image = () => batchCapacity(planOf({ elements: 1000, repeat: "batch" }), 8, 3999);
  expect(image).toThrow(DeviceError);
  expect(image).toThrow("one image needs a buffer of 4000 bytes; the device allows 3999 bytes");
  const whole = () => batchCapacity(planOf({ elements: 500, repeat: 2 }), 8, 3999);
  expect(whole).toThrow("the graph needs a buffer of 4000 bytes");
});

test("a buffer's bytes", () => {
  expect(bufferBytes({ id: 0, elements: 7, repeat: "batch" }, 3)).toBe(84);
  expect(bufferBytes({ id: 0, elements: 7, repeat: 2 }, 3)).toBe(56);
});
