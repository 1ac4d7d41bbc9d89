/**
 * What the three containers share: the tensors that a pickle describes, named and checked against their storages, as a WeightFile whose
 * tensors are read by ranges when they are asked for.
 *
 * How much may be read: one tensor takes at most the file's size and 16 MiB (an expanded view holds the same bytes many times), all tensors
 * together at most four times its size and 32 MiB (the averages of a checkpoint may share what they are of). So a file of some kilobytes
 * cannot ask for gigabytes.
 */
import { WeightError } from "../../errors.ts";
import type { ByteSource } from "../../platform/sources.ts";
import { type StoredTensor, storedTensor, type WeightFile } from "../weight-file.ts";
import { type Breach, quoted } from "../weight-source.ts";
import { flatten } from "./flatten.ts";
import type { Budget, Layout, Storage, Tensor, Value } from "./pickle-values.ts";
import { checkView, type ReadStorage, readView } from "./tensor-view.ts";

/** Where a container keeps its storages. */
export interface Storages {
  /** Checks that the storage is there and has the size that the pickle says. Throws what `breach` makes of a fault. */
  find(storage: Storage, breach: Breach): ReadStorage;
}

const spare = 2 ** 24;

/** `root`: what the pickle holds. */
export function torchFile(source: ByteSource, root: Value, storages: Storages, budget: Budget): WeightFile {
  const breachOf: Breach = (what) => new WeightError("weights-format", `${source.name}: ${what}`);
  const { tensors, metadata } = flatten(root, budget, breachOf);
  const most = source.size + spare;
  const found = new Map<Storage, ReadStorage>();
  const readerOf = (storage: Storage, breach: Breach): ReadStorage => {
    const known = found.get(storage);
    if (known) return known;
    const reader = storage.inline ? inlineReader(storage.inline) : storages.find(storage, breach);
    found.set(storage, reader);
    return reader;
  };
  let total = 0;
  const tensorOf = (name: string, tensor: Tensor): StoredTensor => {
    const breach: Breach = (what) => breachOf(`tensor ${quoted(name)}: ${what}`);
    const { layout, refused } = tensor;
    if (!layout) throw breach(refused ?? "is of no storage");
    const { stored, name: dtype } = layout.dtype;
    if (!stored)
      throw breach(
        `is of type torch.${dtype}, which no weights are read from${/^b?complex/.test(dtype) ? "" : ": save tensor.dequantize()"}`,
      );
    const reader = readerOf(layout.storage, breach);
    const bytes = checkView(layout, most, breach);
    total += bytes;
    if (total > 4 * source.size + 2 * spare)
      throw breach(
        `with it the tensors are ${total} bytes, more than four times those of the file and 32 MiB: they share their storages too often`,
      );
    return storedTensor(source.name, name, stored, shapeOf(layout), () => readView(layout, bytes, reader));
  };
  return {
    source: source.name,
    metadata,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, tensorOf(name, tensor)])),
    close: () => source.close(),
  };
}

/** Numbers, where torch counts pairs. */
function shapeOf({ dtype, shape }: Layout): readonly number[] {
  return dtype.stored === "F4" && shape.length > 0 ? [...shape.slice(0, -1), shape.at(-1)! * 2] : shape;
}

function inlineReader(bytes: Uint8Array): ReadStorage {
  return async (at, length) => bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>;
}
