/**
 * Persistent ids, by which a pickle names what lies outside it: ("storage", class, key, location, elements), in the legacy stream followed
 * by None or (key of a view, first element, elements). From torch/serialization.py, `persistent_load`.
 */
import { type Breach, quoted } from "../weight-source.ts";
import { Global, Storage, Tuple, type Value } from "./pickle-values.ts";
import { isCount } from "./rebuild-tensor.ts";

/** The storage that an id names. Where it lies (`location`: cpu, cuda:0) does not matter here. */
export function storageOf(id: Value, breach: Breach): Storage {
  const [kind, type, key, , numel, view] = id instanceof Tuple ? id.items : [];
  if (kind !== "storage") throw breach("its pickle refers to something outside that is no storage");
  if (!(type instanceof Global) || !type.dtype || type.make) throw breach("a storage of no known type");
  if (typeof key !== "string" && !isCount(key)) throw breach("a storage whose key is no text");
  if (!isCount(numel) || !isCount(numel * type.dtype.bytes))
    throw breach(`the storage ${quoted(String(key))} has no valid number of elements`);
  if (view === undefined || view === null) return new Storage(String(key), type.dtype, numel);
  const [, first, size] = view instanceof Tuple ? view.items : [];
  if (!isCount(first) || !isCount(size) || first + size > numel)
    throw breach(`a view of the storage ${quoted(String(key))} does not lie within it`);
  return new Storage(String(key), type.dtype, size, first);
}
