/** How many images go at once. */
import { expect, test } from "vitest";
import { DeviceError } from "../../errors.ts";
import type { Plan, PlanBuffer, PlanPort } from "../../graph/plan.ts";
import { batchCapacity, bufferBytes, stagedBytes } from "./batch-capacity.ts";

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

const port = (elements: number, batched: boolean): PlanPort => {
  return { name: `y${elements}`, shape: [1, elements], batched, source: { from: "buffer", id: 0 } };
};

test("all outputs together have one buffer to be read from, which counts too", () => {
  const plan = {
    ...planOf({ elements: 100, repeat: "batch" }),
    outputs: [port(100, true), port(50, true), port(3, false)],
  };
  const perImage = 400 + 208; // 50 numbers end at the next multiple of 16
  const capacities = [16 + 8 * perImage, 16 + 8 * perImage - 1, 16 + perImage].map((max) =>
    batchCapacity(plan, 8, max),
  );
  expect(capacities).toEqual([8, 7, 1]);
  for (const count of [1, 3, 8])
    expect(plan.outputs.reduce((sum, output) => sum + stagedBytes(output, count), 0)).toBeLessThanOrEqual(
      16 + count * perImage,
    );
  const refused = () => batchCapacity(plan, 8, 16 + perImage - 1);
  expect(refused).toThrow(DeviceError);
  expect(refused).toThrow(
    "3 outputs together need a buffer of 624 bytes, already for one image; the device allows 623 bytes",
  );
  expect(batchCapacity({ ...plan, outputs: [port(3, false)] }, 8, 3200)).toBe(8);
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
