/**
 * Rows as JSON. `json` is the hosted service's own form, one list; `jsonl` has one object a line. Numbers stand as the service printed
 * them: the float32's value in a double's shortest decimals (0.5157874226570129), so a reader of doubles has the same values.
 */
import type { FeatureRow } from "../features-of.ts";
import { textFormat } from "./text-format.ts";

export const jsonl = textFormat("jsonl", "one object a line", {
  begin: () => "",
  row: (row) => `${rowAsJson(row)}\n`,
  end: "",
  needsWidth: false,
});

export const json = textFormat("json", "the hosted service's list", {
  begin: () => "[",
  row: (row, index) => `${index === 0 ? "\n" : ",\n"}${rowAsJson(row)}`,
  end: "\n]\n",
  needsWidth: false,
});

export function rowAsJson(row: FeatureRow): string {
  const { image_path } = row;
  if (row.error) return JSON.stringify({ image_path, error: { code: row.error.code, message: row.error.message } });
  return JSON.stringify({ image_path, feature_vector: Array.from(row.vector) });
}
