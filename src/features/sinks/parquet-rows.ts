/**
 * Rows as Parquet: image_path (string), feature_vector (list of float, or of float16), error_code and error_message (null where all went
 * well; the vector is null where not). Written by row groups, so that only one is in memory.
 */
import type { SchemaElement } from "hyparquet";
import type { Output } from "../../platform/platform.ts";
import type { FeatureRow } from "../features-of.ts";
import type { KeptRows, RowFormat } from "./sink.ts";

export const parquet: RowFormat = {
  suffix: "parquet",
  about: "columns image_path, feature_vector, error_code, error_message",
  canFloat16: true,
  files: (path) => [path],
  async write(rows, path, { float16, open }) {
    await writeParquet(rows, await open(path), columns, float16);
  },
};

/**
 * Numbers of a row group, at least and at most, about. Each takes some hundred bytes while it is written, and what is left of them is collected
 * late: groups are small. But each also has some thousand bytes in the file's end, which is kept until then: many images have larger ones.
 */
const groupNumbers = { least: 2 ** 15, most: 2 ** 17 };
/** Above this number of groups they become larger. */
const manyGroups = 4096;

function rowsOfGroup(count: number, width: number): number {
  const numbers = Math.min(groupNumbers.most, Math.max(groupNumbers.least, (count * width) / manyGroups));
  return Math.max(1, Math.floor(numbers / Math.max(1, width)));
}

interface Column {
  readonly name: string;
  readonly schema: (float16: boolean) => SchemaElement[];
  readonly cellOf: (row: FeatureRow) => unknown;
}

function text(name: string, cellOf: Column["cellOf"], required: boolean): Column {
  const repetition_type = required ? "REQUIRED" : "OPTIONAL";
  return { name, cellOf, schema: () => [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type }] };
}

export const pathColumn = text("image_path", ({ image_path }) => image_path, true);

const vectorColumn: Column = {
  name: "feature_vector",
  cellOf: ({ vector }) => (vector ? Array.from(vector) : null),
  schema: (float16) => [
    {
      name: "feature_vector",
      converted_type: "LIST",
      logical_type: { type: "LIST" },
      repetition_type: "OPTIONAL",
      num_children: 1,
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    float16
      ? {
          ...{ name: "element", type: "FIXED_LEN_BYTE_ARRAY", type_length: 2, repetition_type: "REQUIRED" },
          logical_type: { type: "FLOAT16" },
        }
      : { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
  ],
};

const columns: readonly Column[] = [
  pathColumn,
  vectorColumn,
  text("error_code", ({ error }) => error?.code ?? null, false),
  text("error_message", ({ error }) => error?.message ?? null, false),
];

/** Writes `columns` of the rows that `wanted` takes. */
export async function writeParquet(
  rows: KeptRows,
  output: Output,
  columns: readonly Column[],
  float16: boolean,
  wanted: (row: FeatureRow) => boolean = () => true,
): Promise<void> {
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer");
  const schema: SchemaElement[] = [{ name: "root", num_children: columns.length }];
  for (const column of columns) schema.push(...column.schema(float16));
  const bytes = new ByteWriter();
  const kvMetadata = Object.entries(rows.facts).map(([key, value]) => ({ key: `residual.${key}`, value }));
  const writer = new ParquetWriter({ writer: bytes, schema, kvMetadata, createdBy: "residual" });
  const flush = async (): Promise<void> => {
    await output.write(bytes.getBytes().slice());
    bytes.index = 0;
  };
  const most = rowsOfGroup(rows.count, columns.includes(vectorColumn) ? rows.width : 0);
  let group: FeatureRow[] = [];
  const writeGroup = async (): Promise<void> => {
    const columnData = columns.map(({ name, cellOf }) => {
      // Numbers are as good as random: no dictionary, no minimum and maximum.
      const plain = name === vectorColumn.name ? { encoding: "PLAIN" as const, statistics: false } : {};
      return { name, data: group.map(cellOf), offsetIndex: false, ...plain }; // an index would be kept for each group
    });
    await writer.write({ columnData, rowGroupSize: group.length });
    group = [];
    await flush();
  };
  for await (const batch of rows.read())
    for (const row of batch) if (wanted(row) && group.push(row) === most) await writeGroup();
  if (group.length > 0) await writeGroup();
  await writer.finish();
  await flush();
}
