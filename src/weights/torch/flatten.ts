/**
 * A checkpoint's nested dicts and lists as one list of named tensors: `state_dict.conv1.weight`, `optimizer.state.0.exp_avg`. Texts, numbers
 * and lists of them beside the tensors become metadata under their dotted names: an epoch, class names. Everything else that is plain data
 * (None, bytes, sets, devices) is passed over. Lists shared many times over are not expanded beyond the Budget.
 */
import type { Breach } from "../weight-source.ts";
import { quoted } from "../weight-source.ts";
import { type Budget, Storage, Tensor, Tuple, type Value } from "./pickle-values.ts";

/** Levels of dicts and lists. An optimizer's state has five. */
const deepest = 64;
/** A value of metadata that is longer (a log, a history) is passed over; so many class names have not been seen. */
const longestMetadata = 1_000_000;

export interface Flat {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Map<string, string>;
}

/**
 * Names: a dict's keys and a list's positions, joined by dots; a checkpoint that is one tensor is called `tensor`. In metadata a list whose items
 * are all texts, or all numbers, stands as JSON, and so does a dict from texts to whole numbers (`class_to_idx`); a number as decimals.
 * Throws what `breach` makes of two values that would get one name, and of a checkpoint nested too deep (or within itself).
 */
export function flatten(root: Value, budget: Budget, breach: Breach): Flat {
  const flat: Flat = { tensors: new Map(), metadata: new Map() };

  const add = <T>(into: Map<string, T>, name: string, value: T, bytes: number): void => {
    if (into.has(name))
      throw breach(
        `two of its values would both be called ${quoted(name)}: their keys differ only by kind, or by where a dot stands`,
      );
    budget.spend(2 * name.length + 160 + bytes);
    into.set(name, value);
  };
  const note = (name: string, value: string): void => {
    if (value.length <= longestMetadata) add(flat.metadata, name, value, 2 * value.length);
  };

  const visit = (value: Value, name: string, depth: number): void => {
    budget.spend(64);
    if (depth > deepest) throw breach(`nested deeper than ${deepest} levels, or within itself, at ${quoted(name)}`);
    const below = (key: string) => (depth === 0 ? key : `${name}.${key}`);
    if (value instanceof Tensor) {
      // An array of texts or objects has no layout, and is no tensor.
      if (value.layout || value.refused !== undefined) add(flat.tensors, depth === 0 ? "tensor" : name, value, 640);
    } else if (value instanceof Storage) {
      const { numel, dtype } = value;
      const layout = { storage: value, dtype, offset: 0, shape: [numel], strides: [1] };
      add(flat.tensors, depth === 0 ? "tensor" : name, new Tensor(layout), 900);
    } else if (value instanceof Map) {
      const json = countsAsJson(value);
      if (json !== undefined) note(name, json);
      else for (const [key, inner] of value) visit(inner, below(keyText(key)), depth + 1);
    } else if (Array.isArray(value) || value instanceof Tuple) {
      const items = Array.isArray(value) ? value : value.items;
      const json = listAsJson(items);
      if (json !== undefined) note(name, json);
      else for (let i = 0; i < items.length; i++) visit(items[i]!, below(String(i)), depth + 1);
    } else if (typeof value === "string") {
      note(name, value);
    } else if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
      note(name, String(value));
    }
  };
  visit(root, "", 0);
  return flat;

  /** A dict from texts to whole numbers: class_to_idx. */
  function countsAsJson(dict: ReadonlyMap<Value, Value>): string | undefined {
    if (dict.size === 0) return undefined;
    for (const [key, value] of dict) if (typeof key !== "string" || !Number.isSafeInteger(value)) return undefined;
    budget.spend(64 * dict.size);
    return `{${[...dict].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
  }

  /** JSON has no infinities: a list with one is gone through item by item. */
  function listAsJson(items: readonly Value[]): string | undefined {
    const texts = items.length > 0 && items.every((item) => typeof item === "string");
    if (!texts && !(items.length > 0 && items.every((item) => Number.isFinite(item)))) return undefined;
    budget.spend(items.reduce<number>((sum, item) => sum + (typeof item === "string" ? item.length : 24), 0));
    return JSON.stringify(items);
  }
}

/** A key as a part of a name: as Python prints it, without the quotes. */
function keyText(key: Value): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "bigint") return String(key);
  if (key === null) return "None";
  if (typeof key === "boolean") return key ? "True" : "False";
  if (key instanceof Tuple)
    return `(${key.items.map((item) => (item instanceof Tuple ? "(…)" : keyText(item))).join(", ")})`;
  return "(object)";
}
