/**
 * Rows as text. `json` is the hosted service's own form, one list; `jsonl` has one object a line. Numbers stand as the service printed
 * them: the float32's value in a double's shortest decimals (0.5157874226570129), so a reader of doubles has the same values.
 */
import type { FeatureRow } from "./features-of.ts";

export type RowFormat = "jsonl" | "json";

export const rowFormats: readonly RowFormat[] = ["jsonl", "json"];

/** Begins, separates and ends the rows of a format. */
export interface RowWriter {
  readonly begin: string;
  row(row: FeatureRow, index: number): string;
  readonly end: string;
}

export function rowWriter(format: RowFormat): RowWriter {
  switch (format) {
    case "jsonl":
      return { begin: "", row: (row) => `${rowAsJson(row)}\n`, end: "" };
    case "json":
      return { begin: "[", row: (row, index) => `${index === 0 ? "\n" : ",\n"}${rowAsJson(row)}`, end: "\n]\n" };
    default:
      return format satisfies never;
  }
}

function rowAsJson(row: FeatureRow): string {
  const { image_path } = row;
  if (row.error) return JSON.stringify({ image_path, error: { code: row.error.code, message: row.error.message } });
  return JSON.stringify({ image_path, feature_vector: Array.from(row.vector) });
}
