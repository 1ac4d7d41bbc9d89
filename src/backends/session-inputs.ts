/** The check of what a session is given, one for all backends. */
import { ShapeError, UnsupportedError } from "../errors.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import type { DeviceName } from "./backend.ts";

/** Throws RangeError unless `maxBatch` is a number of images. */
export function checkMaxBatch(maxBatch: number): void {
  if (!Number.isSafeInteger(maxBatch) || maxBatch < 1)
    throw new RangeError(`prepare: maxBatch is ${maxBatch}; expected a whole number of at least 1`);
}

/** Steps are timed on WebAssembly alone. */
export function timesUnsupported(device: DeviceName): UnsupportedError {
  return new UnsupportedError(`device "${device}": its steps cannot be timed one by one; device "wasm" can`);
}

/** What an input must be: `shape` has 1 at dimension 0 where it is batched. */
export interface ExpectedInput {
  readonly name: string;
  readonly shape: Shape;
  readonly batched: boolean;
}

/**
 * The batch of a run: dimension 0 of its batched inputs; undefined where none is batched. Throws ShapeError when an input is missing,
 * unexpected or of another shape, when batched inputs disagree, or when the batch is not from 1 to `maxBatch`.
 */
export function batchOf(
  expected: readonly ExpectedInput[],
  given: ReadonlyMap<string, HostTensor>,
  maxBatch: number,
): number | undefined {
  const names = expected.map((port) => port.name).join(", ");
  for (const name of given.keys())
    if (!expected.some((port) => port.name === name))
      throw new ShapeError(`run: there is no input ${name}; the inputs are ${names}`);
  let batch: number | undefined;
  for (const port of expected) {
    const tensor = given.get(port.name);
    if (!tensor) throw new ShapeError(`run: the input ${port.name} is missing; the inputs are ${names}`);
    const wanted = port.batched ? [tensor.shape[0] ?? 0, ...port.shape.slice(1)] : port.shape;
    if (!sameShape(tensor.shape, wanted) || tensor.data.length !== sizeOf(wanted))
      throw new ShapeError(
        `run: the input ${port.name} is ${formatShape(tensor.shape)} (${tensor.data.length} numbers), expected ` +
          formatShape(port.batched ? ["batch", ...port.shape.slice(1)] : port.shape),
      );
    if (!port.batched) continue;
    if (batch !== undefined && batch !== tensor.shape[0])
      throw new ShapeError(
        `run: inputs of different batches: ${port.name} has ${tensor.shape[0]}, another has ${batch}`,
      );
    batch = tensor.shape[0]!;
  }
  if (batch !== undefined && (batch < 1 || batch > maxBatch))
    throw new ShapeError(`run: a batch of ${batch} images; the session was prepared for 1 to ${maxBatch}`);
  return batch;
}
