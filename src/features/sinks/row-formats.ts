/** The formats of output: one line each. */
import { clipRetrieval } from "./clip-retrieval.ts";
import { csv } from "./csv-rows.ts";
import { json, jsonl } from "./json-rows.ts";
import { npy } from "./npy-rows.ts";
import { parquet } from "./parquet-rows.ts";
import { safetensors } from "./safetensors-rows.ts";
import type { RowFormat } from "./sink.ts";

export const rowFormats = {
  ...{ jsonl, json, csv, npy, parquet, safetensors },
  "clip-retrieval": clipRetrieval,
} as const satisfies Readonly<Record<string, RowFormat>>;

export type RowFormatName = keyof typeof rowFormats;

export const rowFormatNames = Object.keys(rowFormats) as readonly RowFormatName[];

/** The format that a file's name asks for; undefined where its suffix is none's. */
export function formatOfSuffix(path: string): RowFormatName | undefined {
  const suffix = path.match(/\.([^./\\]+)$/)?.[1]?.toLowerCase();
  return rowFormatNames.find((name) => suffix !== undefined && formatNamed(name).suffix === suffix);
}

export function formatNamed(name: RowFormatName): RowFormat {
  return rowFormats[name];
}
