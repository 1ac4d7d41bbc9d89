/**
 * How many images fit at once: whatever grows with the batch must stay within what the device allows for a buffer. That is each buffer of
 * the plan, and the staging buffer, in which all outputs of a submission lie one after another.
 */
import { DeviceError } from "../../errors.ts";
import type { Plan, PlanBuffer, PlanPort } from "../../graph/plan.ts";
import { formatBytes } from "../../tensor/format-bytes.ts";
import { sizeOf } from "../../tensor/shape.ts";

const bytesPerNumber = 4;
/** An output's place in the staging buffer begins at a multiple of this many bytes. */
const stagingAlignment = 16;

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
  return Math.min(capacity, stagingCapacity(plan.outputs, maxBufferBytes));
}

function stagingCapacity(outputs: readonly PlanPort[], maxBufferBytes: number): number {
  const total = (ports: readonly PlanPort[]) => ports.reduce((sum, port) => sum + stagedBytes(port, 1), 0);
  const one = total(outputs);
  if (one > maxBufferBytes)
    throw new DeviceError(
      `device "webgpu": ${outputs.length} outputs together need a buffer of ${formatBytes(one)}, already for one image; ` +
        `the device allows ${formatBytes(maxBufferBytes)}; ask for fewer outputs at once, or use the device "wasm"`,
    );
  const perImage = total(outputs.filter((port) => port.batched));
  return perImage === 0 ? Infinity : Math.floor((maxBufferBytes - (one - perImage)) / perImage);
}

export function bufferBytes({ elements, repeat }: PlanBuffer, batch: number): number {
  return bytesPerNumber * elements * (repeat === "batch" ? batch : repeat);
}

/** What an output takes of the staging buffer: at most `count` times what it takes for one image. */
export function stagedBytes({ shape, batched }: PlanPort, count: number): number {
  const bytes = bytesPerNumber * sizeOf(shape) * (batched ? count : 1);
  return Math.ceil(bytes / stagingAlignment) * stagingAlignment;
}
