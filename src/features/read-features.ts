/** Rows back from a file that `residual features -o` wrote, so that what is made of vectors need not make them again. CSV is not among them. */
import { openBytes } from "#platform";
import { OptionError, ResidualError } from "../errors.ts";
import type { ByteSource } from "../platform/sources.ts";
import { formatBytes } from "../tensor/format-bytes.ts";
import { widenFloat16 } from "../weights/float-formats.ts";
import { openWeights } from "../weights/open-weights.ts";
import type { FeatureRow } from "./features-of.ts";
import { pathsFile } from "./sinks/paths-file.ts";

const readers: Readonly<Record<string, (path: string) => AsyncGenerator<FeatureRow, void, undefined>>> = {
  jsonl: readJsonl,
  json: readJson,
  npy: readNpy,
  safetensors: readSafetensors,
  parquet: readParquet,
};

/** Whether a path is, by its suffix, a file of features: also of those that are not read back, which no image is either. */
export function isFeaturesFile(path: string): boolean {
  return Object.hasOwn(readers, suffixOf(path)) || suffixOf(path) === "csv";
}

/** The rows of a file of features. Throws OptionError for one that is none, FileError for one that cannot be read. */
export async function* readFeatures(path: string): AsyncGenerator<FeatureRow, void, undefined> {
  const read = readers[suffixOf(path)];
  if (!read)
    throw new OptionError(`${path}: no file of features that is read back; write ${Object.keys(readers).join(", ")}`);
  yield* read(path);
}

function suffixOf(path: string): string {
  return path.match(/\.([a-z0-9]+)$/i)?.[1]?.toLowerCase() ?? "";
}

function wrong(path: string, what: string): OptionError {
  return new OptionError(`${path}: ${what}; a file that \`residual features -o\` wrote is expected`);
}

interface JsonRow {
  readonly image_path?: unknown;
  readonly feature_vector?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

function rowOf(path: string, row: JsonRow | null): FeatureRow {
  const { image_path, feature_vector, error } = row ?? {};
  if (typeof image_path === "string" && Array.isArray(feature_vector))
    return { image_path, vector: Float32Array.from(feature_vector) };
  if (typeof image_path === "string" && error)
    return { image_path, error: new ResidualError(String(error.code), String(error.message)) };
  throw wrong(path, 'a row is not {"image_path": …, "feature_vector": […]}');
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(path, `is no JSON (${error instanceof Error ? error.message : error})`);
  }
}

async function* readJsonl(path: string): AsyncGenerator<FeatureRow, void, undefined> {
  for await (const line of linesOf(path)) if (line.trim() !== "") yield rowOf(path, parse(path, line) as JsonRow);
}

async function* readJson(path: string): AsyncGenerator<FeatureRow, void, undefined> {
  const list = parse(path, await textOf(path));
  if (!Array.isArray(list)) throw wrong(path, "is no list");
  for (const row of list as JsonRow[]) yield rowOf(path, row);
}

async function withSource<T>(path: string, body: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await openBytes(path);
  try {
    return await body(source);
  } finally {
    await source.close();
  }
}

/** Bytes of a text that is read as one: V8's strings have fewer than 2^29 characters. */
const longestText = 2 ** 29 - 32;

function textOf(path: string): Promise<string> {
  return withSource(path, async (source) => {
    if (source.size > longestText)
      throw new OptionError(
        `${path}: ${formatBytes(source.size)} of JSON are too many to be read as one; a .jsonl, .npy, .parquet or .safetensors file may have any size`,
      );
    return new TextDecoder().decode(await source.read(0, source.size));
  });
}

const chunkBytes = 2 ** 20;

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  const source = await openBytes(path);
  try {
    const decoder = new TextDecoder();
    let rest = "";
    for (let at = 0; at < source.size; at += chunkBytes) {
      const bytes = await source.read(at, Math.min(chunkBytes, source.size - at));
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    yield rest + decoder.decode();
  } finally {
    await source.close();
  }
}

/** Rows of a matrix, each with its entry in the list of paths. */
async function* matrixRows(
  path: string,
  [count, width]: readonly [number, number],
  rowAt: (index: number) => Promise<Float32Array> | Float32Array,
): AsyncGenerator<FeatureRow, void, undefined> {
  const beside = pathsFile(path);
  const list = parse(beside, await textOf(beside));
  if (!Array.isArray(list) || list.length !== count)
    throw wrong(beside, `has ${Array.isArray(list) ? list.length : "no list of"} entries, and ${path} ${count} rows`);
  for (const [i, entry] of (list as JsonRow[]).entries()) {
    if (entry.error || width === 0) yield rowOf(beside, entry);
    else if (typeof entry.image_path !== "string") throw wrong(beside, "an entry has no image_path");
    else yield { image_path: entry.image_path, vector: await rowAt(i) };
  }
}

async function* readNpy(path: string): AsyncGenerator<FeatureRow, void, undefined> {
  const source = await openBytes(path);
  try {
    const start = await source.read(0, Math.min(10, source.size));
    if (start.length < 10 || start[0] !== 0x93 || start[6] !== 1) throw wrong(path, "is no NPY file of version 1.0");
    const length = start[8]! + 256 * start[9]!;
    const header = new TextDecoder().decode(await source.read(10, length));
    const [, type, count, width] =
      /'descr': '<(f[24])', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(header) ?? [];
    if (type === undefined) throw wrong(path, `its array is ${header.trim()}`);
    const size = type === "f2" ? 2 : 4;
    const bytes = Number(width) * size;
    yield* matrixRows(path, [Number(count), Number(width)], async (i) => {
      const { buffer } = await source.read(10 + length + i * bytes, bytes);
      return size === 2 ? widenFloat16(new Uint16Array(buffer)) : new Float32Array(buffer);
    });
  } finally {
    await source.close();
  }
}

async function* readSafetensors(path: string): AsyncGenerator<FeatureRow, void, undefined> {
  const state = await openWeights(path);
  try {
    const features = state.tensors.get("features");
    const [count, width] = features?.shape ?? [];
    if (!features || count === undefined || width === undefined || features.shape.length !== 2)
      throw wrong(path, "has no tensor named features");
    const data = Float32Array.from(await features.read());
    yield* matrixRows(path, [count, width], (i) => data.subarray(i * width, (i + 1) * width));
  } finally {
    await state.close();
  }
}

async function* readParquet(path: string): AsyncGenerator<FeatureRow, void, undefined> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const source = await openBytes(path);
  try {
    const file = {
      byteLength: source.size,
      slice: async (start: number, end = source.size) => (await source.read(start, end - start)).buffer,
    };
    const metadata = await parquetMetadataAsync(file).catch((error) => Promise.reject(wrong(path, error.message)));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd });
      for (const { image_path, feature_vector, error_code, error_message } of rows)
        yield rowOf(path, {
          image_path,
          ...(feature_vector ? { feature_vector: Array.from(feature_vector) } : {}),
          ...(error_code == null ? {} : { error: { code: error_code, message: error_message } }),
        });
      rowStart = rowEnd;
    }
  } finally {
    await source.close();
  }
}
