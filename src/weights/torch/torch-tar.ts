/**
 * PyTorch 0.1's container: a tar file of `sys_info`, `storages` (a count, then for each a pickle and its bytes; then a list of views),
 * `tensors` (a count, then for each a pickle and its layout as numbers) and `pickle`, whose persistent ids are the tensors' keys.
 * From torch/serialization.py, `legacy_load`.
 */
import { WeightError } from "../../errors.ts";
import type { ByteSource } from "../../platform/sources.ts";
import type { WeightFile } from "../weight-file.ts";
import { type Breach, quoted, readWeightSource, type WeightSource } from "../weight-source.ts";
import { PickleStream } from "./pickle-stream.ts";
import { Budget, Global, Storage, Tensor, Tuple, type Value } from "./pickle-values.ts";
import { isCount } from "./rebuild-tensor.ts";
import { readTarMembers, type TarMember } from "./tar-members.ts";
import { torchFile } from "./torch-file.ts";
import { checkEndian, legacyStorages, type Place } from "./torch-legacy.ts";
import type { UnpickleOptions } from "./unpickle.ts";

/** Opens a file of PyTorch 0.1. Throws as openTorchZip does. */
export function openTorchTar(source: WeightSource): Promise<WeightFile> {
  return readWeightSource(source, open);
}

async function open(source: ByteSource): Promise<WeightFile> {
  const breach: Breach = (what) => new WeightError("weights-format", `${source.name}: ${what}`);
  const members = await readTarMembers(source, breach);
  const streamOf = (name: string): PickleStream => {
    const member: TarMember | undefined = members.get(name);
    if (!member)
      throw breach(
        `is a tar file without ${quoted(name)}, so not what PyTorch 0.1 wrote: unpack it, and name the file of the weights`,
      );
    return new PickleStream(source, member.at, member.at + member.size, breach);
  };
  const budget = new Budget(source.size, breach);
  const options = { budget, breach };
  if (members.has("sys_info")) checkEndian(source.name, await streamOf("sys_info").next("sys_info", options));

  const objects = new Map<string, Storage | Tensor>();
  const places = await readStorages(streamOf("storages"), objects, options);
  await readTensors(streamOf("tensors"), objects, options);
  const root = await streamOf("pickle").next("its pickle", {
    ...options,
    persistent: (id) => objectOf(id, objects, breach),
  });
  return torchFile(source, root, legacyStorages(source, places), budget);
}

async function readStorages(
  stream: PickleStream,
  objects: Map<string, Storage | Tensor>,
  options: UnpickleOptions,
): Promise<Map<string, Place>> {
  const { breach, budget } = options;
  const places = new Map<string, Place>();
  const count = countOf(await stream.next("its number of storages", options), "storages", breach);
  for (let i = 0; i < count; i++) {
    const [id, , type] = partsOf(await stream.next("a storage", options), 3, breach);
    const key = keyOf(id, breach);
    if (!(type instanceof Global) || !type.dtype) throw breach(`its storage ${quoted(key)} is of no known type`);
    const numel = Number((await stream.bytes(8, "a storage")).getBigInt64(0, true));
    if (!isCount(numel) || objects.has(key))
      throw breach(`its storage ${quoted(key)} has no valid size, or is there twice`);
    budget.spend(600);
    places.set(key, { dtype: type.dtype, numel, at: stream.at });
    objects.set(key, new Storage(key, type.dtype, numel));
    stream.skip(numel * type.dtype.bytes, `the storage ${quoted(key)}`);
  }
  const views = await stream.next("its list of views", options);
  if (!Array.isArray(views)) throw breach("its list of views is none");
  for (const view of views) {
    const [target, root, first, numel] = partsOf(view, 4, breach);
    const whole = objects.get(keyOf(root, breach));
    const fits = whole instanceof Storage && isCount(first) && isCount(numel) && first + numel <= whole.numel;
    if (!fits) throw breach(`a view of the storage ${quoted(keyOf(root, breach))} does not lie within it`);
    budget.spend(300);
    objects.set(keyOf(target, breach), new Storage(whole.key, whole.dtype, numel, whole.first + first));
  }
  return places;
}

async function readTensors(
  stream: PickleStream,
  objects: Map<string, Storage | Tensor>,
  options: UnpickleOptions,
): Promise<void> {
  const { breach, budget } = options;
  const count = countOf(await stream.next("its number of tensors", options), "tensors", breach);
  for (let i = 0; i < count; i++) {
    const [id, storageId] = partsOf(await stream.next("a tensor", options), 3, breach);
    const [key, storage] = [keyOf(id, breach), objects.get(keyOf(storageId, breach))];
    if (!(storage instanceof Storage)) throw breach(`its tensor ${quoted(key)} is of no storage`);
    // ndim, written as an int32 where 8 bytes are kept for it.
    const dims = (await stream.bytes(8, "a tensor")).getInt32(0, true);
    if (dims < 0 || dims > 64) throw breach(`its tensor ${quoted(key)} has ${dims} dimensions`);
    const numbers = await stream.bytes(8 * (2 * dims + 1), "a tensor");
    const layout = Array.from({ length: 2 * dims + 1 }, (_, n) => Number(numbers.getBigInt64(8 * n, true)));
    if (!layout.every(isCount))
      throw breach(`its tensor ${quoted(key)} has sizes or strides that are no whole numbers from 0`);
    budget.spend(600 + 32 * dims);
    objects.set(
      key,
      new Tensor({
        storage,
        dtype: storage.dtype,
        offset: layout[2 * dims]!,
        shape: layout.slice(0, dims),
        strides: layout.slice(dims, 2 * dims),
      }),
    );
  }
}

function objectOf(id: Value, objects: ReadonlyMap<string, Storage | Tensor>, breach: Breach): Value {
  const found = objects.get(keyOf(id, breach));
  if (!found)
    throw breach(`its pickle refers to ${quoted(keyOf(id, breach))}, which is neither a tensor nor a storage of it`);
  return found;
}

/** Keys are addresses: numbers, or their decimals. */
function keyOf(id: Value | undefined, breach: Breach): string {
  if (typeof id === "number" || typeof id === "bigint" || typeof id === "string") return String(id);
  throw breach("a key that is neither a number nor a text");
}

function countOf(value: Value, what: string, breach: Breach): number {
  if (!isCount(value)) throw breach(`its number of ${what} is none`);
  return value;
}

function partsOf(value: Value, count: number, breach: Breach): readonly Value[] {
  const items = value instanceof Tuple ? value.items : Array.isArray(value) ? value : [];
  if (items.length !== count) throw breach(`a description of ${items.length} parts where ${count} are right`);
  return items;
}
