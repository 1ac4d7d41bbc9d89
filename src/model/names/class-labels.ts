/** Names of classes where a file's metadata has them, in the forms that people's checkpoints have. */
import { WeightError } from "../../errors.ts";

/** The last part of a key, by the form of its value. */
const keys = ["classes", "class_names", "class_to_idx", "idx_to_class", "id2label"] as const;

/**
 * The names of `classes` classes: a JSON list, or an object of numbers by names (`class_to_idx`) or of names by numbers (`id2label`). Undefined
 * where no key tells, or there is no classifier. A key at the top whose names are not one for each class is a WeightError; one
 * that lies deeper (`hyper_parameters.classes`) was perhaps meant for something else.
 */
export function labelsFromMetadata(
  metadata: ReadonlyMap<string, string>,
  classes: number,
  source: string,
): string[] | undefined {
  if (classes === 0) return undefined;
  for (const key of keys) {
    const text = metadata.get(key);
    if (text === undefined || text.trim() === String(classes)) continue; // `classes` may be their number
    const labels = labelsOfJson(text, classes);
    if (labels) return labels;
    const form = key.endsWith("s") ? `no JSON list of ${classes} names` : `no JSON object with the ${classes} names`;
    throw new WeightError("weights-format", `${source}: metadata "${key}" is ${form}`);
  }
  for (const [key, text] of metadata)
    if (keys.some((known) => key.endsWith(`.${known}`))) {
      const labels = labelsOfJson(text, classes);
      if (labels) return labels;
    }
  return labelsOneByOne(metadata, classes);
}

/** A Python dict of names by numbers, which a checkpoint's reader gives one by one: `id2label.0`, `id2label.1`, … */
function labelsOneByOne(metadata: ReadonlyMap<string, string>, classes: number): string[] | undefined {
  for (const first of metadata.keys()) {
    const place = /^((?:.*\.)?(?:idx_to_class|id2label)\.)0$/.exec(first)?.[1];
    if (place === undefined || !metadata.has(`${place}${classes - 1}`) || metadata.has(`${place}${classes}`)) continue;
    const labels = Array.from({ length: classes }, (_, index) => metadata.get(`${place}${index}`));
    if (labels.every((label) => label !== undefined)) return labels;
  }
  return undefined;
}

/** The names in the order of their numbers; undefined unless there is one for each class. */
export function labelsOfJson(text: string, classes: number): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return labelsOfValue(value, classes);
}

export function labelsOfValue(value: unknown, classes: number): string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value))
    // Numbers are names too: `[0, 1, 2]` of digits.
    return value.length === classes && value.every((label) => typeof label === "string" || Number.isSafeInteger(label))
      ? value.map(String)
      : undefined;
  const entries = Object.entries(value);
  if (entries.length !== classes) return undefined;
  const labels = new Array<string | undefined>(classes).fill(undefined);
  for (const [key, other] of entries) {
    const [index, label] = typeof other === "number" ? [other, key] : [/^\d{1,9}$/.test(key) ? Number(key) : -1, other];
    if (typeof label !== "string" || !Number.isSafeInteger(index) || index < 0 || index >= classes) return undefined;
    labels[index] = label;
  }
  return labels.every((label) => label !== undefined) ? labels : undefined;
}
