/** Reads a converted file back and compares every tensor with what it was to be, computed anew from the source. */
import { WeightError } from "../errors.ts";
import { freeArray } from "../tensor/free-array.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { byteLength } from "../weights/stored-dtypes.ts";
import { quoted, type WeightSource } from "../weights/weight-source.ts";
import type { Conversion } from "./convert-weights.ts";

/** Throws WeightError ("weights-mismatch") at the first tensor or text that differs; the signal's reason. `progress`: of bytes. */
export async function verifyConversion(
  { tensors, metadata }: Conversion,
  written: WeightSource,
  { progress, signal }: { progress?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const file = await openSafetensors(written);
  const differs = (what: string) =>
    new WeightError(
      "weights-mismatch",
      `${file.source}: was written, and ${what}: delete it, and see whether its disk is sound`,
    );
  try {
    if (file.tensors.size !== tensors.length) throw differs(`has ${file.tensors.size} of ${tensors.length} tensors`);
    for (const [key, text] of metadata)
      if (file.metadata.get(key) !== text) throw differs(`its metadata ${quoted(key)} is not what it should be`);
    let done = 0;
    const sizes = tensors.map(({ dtype, shape }) => byteLength(dtype, shape) ?? 0);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    for (const [i, { name, dtype, shape, bytes }] of tensors.entries()) {
      signal?.throwIfAborted();
      const found = file.tensors.get(name);
      if (found?.stored !== dtype || !sameShape(found.shape, shape))
        throw differs(`tensor ${quoted(name)} is not ${formatShape(shape)} of ${dtype}`);
      const [wanted, actual] = [await untilAborted(bytes(), signal), await found.readBytes()];
      const at = firstDifference(wanted, actual);
      if (at >= 0) throw differs(`tensor ${quoted(name)} differs at byte ${at}`);
      freeArray(wanted);
      freeArray(actual);
      done += sizes[i]!;
      progress?.(done, total);
    }
  } finally {
    await file.close();
  }
}

/** Where two arrays of one length differ first; -1 where they do not. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
