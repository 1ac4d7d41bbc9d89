/** How many images fit at once: a buffer of the plan that grows with the batch must stay within what the device allows. */
import { DeviceError } from "../../errors.ts";
import type { Plan, PlanBuffer } from "../../graph/plan.ts";
import { formatBytes } from "../../tensor/format-bytes.ts";

const bytesPerNumber = 4;

/** From 1 to `maxBatch`. Throws DeviceError, with the numbers, when not even one image fits. */
export function batchCapacity(plan: Plan<unknown>, maxBatch: number, maxBufferBytes: number): number {
  let capacity = maxBatch;
  for (const buffer of plan.buffers) {
    const bytes = bufferBytes(buffer, 1);
    if (bytes > maxBufferBytes)
      throw new DeviceError(
        `device "webgpu": ${buffer.repeat === "batch" ? "one image" : "the graph"} needs a buffer of ${formatBytes(bytes)}; ` +
          `the device allows ${formatBytes(maxBufferBytes)}; use smaller images or the device "wasm"`,
      );
    if (buffer.repeat === "batch") capacity = Math.min(capacity, Math.floor(maxBufferBytes / bytes));
  }
  return capacity;
}

export function bufferBytes({ elements, repeat }: PlanBuffer, batch: number): number {
  return bytesPerNumber * elements * (repeat === "batch" ? batch : repeat);
}
