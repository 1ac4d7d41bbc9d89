/**
 * Writes safetensors files: in memory as one array, or streaming, header first and then one tensor after another, each had only when it
 * is its turn. Where things lie is safetensors-layout.ts.
 */
import { OptionError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import { freeArray } from "../tensor/free-array.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { encodeNumbers, type Numbers } from "./safetensors-encode.ts";
import { breachOf, layOutSafetensors, type TensorPlan } from "./safetensors-layout.ts";

/** A tensor by its numbers, row-major, or by its bytes as they shall lie in the file (the only way for F4, F6, F8 and C64). */
export type TensorToWrite = TensorPlan &
  ({ readonly data: Numbers; readonly bytes?: undefined } | { readonly bytes: Uint8Array; readonly data?: undefined });

/** The whole file. Throws WeightError ("weights-format") for what the format or a dtype cannot hold, OptionError for metadata in no Map. */
export function writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors))
    throw new OptionError(
      `writeSafetensors: tensors is ${describeValue(tensors)}; expected a list of { name, dtype, shape, data }`,
    );
  const list = [...tensors];
  for (const tensor of list)
    if (typeof tensor?.name !== "string")
      throw new OptionError(
        `writeSafetensors: a tensor is ${describeValue(tensor)}; expected { name, dtype, shape, data }`,
      );
  const layout = layOutSafetensors(list, metadata);
  const contents = layout.tensors.map(({ tensor, bytes }) => contentOf(tensor, bytes));
  const file = new Uint8Array(layout.size);
  file.set(layout.header);
  let end = layout.header.length;
  for (const content of contents) {
    file.set(content, end);
    end += content.length;
  }
  return file;
}

function contentOf(tensor: TensorToWrite, expected: number): Uint8Array {
  const { dtype, shape, data, bytes } = tensor;
  const breach = breachOf(tensor);
  if (data && data.length !== sizeOf(shape)) {
    throw breach(`has ${data.length} numbers, and ${formatShape(shape)} are ${sizeOf(shape)}`);
  }
  if (!data && !(bytes instanceof Uint8Array)) throw breach("has neither data (numbers) nor bytes (a Uint8Array)");
  const content = data ? encodeNumbers(dtype, data, breach) : bytes;
  return checkLength(tensor, content, expected);
}

function checkLength(tensor: TensorPlan, content: Uint8Array, expected: number): Uint8Array {
  if (content.length !== expected)
    throw breachOf(tensor)(
      `has ${content.length} bytes, and ${formatShape(tensor.shape)} of ${tensor.dtype} are ${expected}`,
    );
  return content;
}

/** A tensor whose bytes are had when it is written: fresh ones, whose memory is let go of as soon as they are. */
export interface TensorToStream extends TensorPlan {
  bytes(): Promise<Uint8Array>;
}

/**
 * Writes a file piece by piece, one tensor in memory at a time. `progress` hears of bytes written, of all.
 * Throws as writeSafetensors, what `write` or a tensor throws, and the signal's reason: a read under way is not waited for.
 * @returns the file's bytes in all
 */
export async function streamSafetensors(
  tensors: Iterable<TensorToStream>,
  metadata: ReadonlyMap<string, string>,
  write: (chunk: Uint8Array) => Promise<void>,
  { progress, signal }: { progress?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<number> {
  const layout = layOutSafetensors(tensors, metadata);
  await write(layout.header);
  let done = layout.header.length;
  for (const { tensor, bytes } of layout.tensors) {
    signal?.throwIfAborted();
    const content = checkLength(tensor, await untilAborted(tensor.bytes(), signal), bytes);
    await write(content);
    freeArray(content);
    done += bytes;
    progress?.(done, layout.size);
  }
  return layout.size;
}
