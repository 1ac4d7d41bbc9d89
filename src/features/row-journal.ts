/**
 * The rows of a run, kept beside its output while it runs: the one thing that is appended to, whatever the format of the output, which is
 * written whole from it at the end. A process that is killed loses at most the record it was writing.
 *
 * The file: records of [length: uint32] [CRC-32 of the payload: uint32] [payload], little-endian. A payload is [length of JSON: uint32] [JSON,
 * padded with spaces to 4 bytes] [float32 numbers]. The first record's JSON says what the run is (`RunFacts`); each other's is a list
 * with [image_path] for an image with a vector and [image_path, code, message] for one without. Its numbers are the vectors, one after another.
 */
import { openAppend, openBytes, pathKind } from "#platform";
import { OptionError, ResidualError } from "../errors.ts";
import type { AppendFile } from "../platform/platform.ts";
import type { ByteSource } from "../platform/sources.ts";
import { crc32 } from "../tensor/crc32.ts";
import type { FeatureRow } from "./features-of.ts";

/** What a run is, by the names that a person knows; two runs whose facts are the same give the same rows. */
export type RunFacts = Readonly<Record<string, string>>;

/** What a journal holds. */
export interface JournalState {
  readonly facts: RunFacts;
  readonly rows: number;
  /** Rows with an error. */
  readonly failed: number;
  /** Numbers of a vector; 0 where there is none. */
  readonly width: number;
  /** Bytes of whole records. */
  readonly end: number;
  /** Bytes after them: half a record, of a process that was killed. */
  readonly torn: number;
}

/** The first record's format; another number is another program's. */
const version = "residual rows 1";

/** Reads a whole journal for what it holds. Undefined where none is, or none whose first record is whole. Throws OptionError for another file. */
export async function inspectJournal(path: string): Promise<JournalState | undefined> {
  if ((await pathKind(path)) === undefined) return undefined;
  const source = await openBytes(path);
  try {
    const first = await recordAt(source, 0);
    if (!first && source.size > 0 && !(await mayBeTorn(source)))
      throw new OptionError(`${path}: is no journal of a run; move it away`);
    if (!first) return undefined;
    const { format, ...facts } = first.json as Record<string, string>;
    if (format !== version)
      throw new OptionError(
        `${path}: is the journal of another version (${format}); finish it with that, or delete it`,
      );
    let [rows, failed, width, end] = [0, 0, 0, first.end];
    for (let record = await recordAt(source, end); record; record = await recordAt(source, end)) {
      const list = record.json as readonly KeptRow[];
      const errors = list.filter((row) => row.length > 1).length;
      rows += list.length;
      failed += errors;
      if (list.length > errors) width = record.numbers.length / (list.length - errors);
      end = record.end;
    }
    return { facts, rows, failed, width, end, torn: source.size - end };
  } finally {
    await source.close();
  }
}

/** The rows of a journal, as they were appended, a batch at a time. */
export async function* readJournal(path: string): AsyncGenerator<readonly FeatureRow[], void, undefined> {
  const source = await openBytes(path);
  try {
    const first = await recordAt(source, 0);
    let end = first?.end ?? source.size;
    for (let record = await recordAt(source, end); record; record = await recordAt(source, end)) {
      yield rowsOf(record);
      end = record.end;
    }
  } finally {
    await source.close();
  }
}

/** Appends to a journal: a new one, or one that was read before. */
export class JournalWriter {
  readonly #file: AppendFile;

  private constructor(file: AppendFile) {
    this.#file = file;
  }

  /** Begins a journal; there must be none. */
  static async create(path: string, facts: RunFacts): Promise<JournalWriter> {
    const file = await openAppend(path, 0);
    try {
      await file.append(encodeRecord({ format: version, ...facts }, []));
      return new JournalWriter(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Goes on after the last whole record. */
  static async resume(path: string, state: JournalState): Promise<JournalWriter> {
    return new JournalWriter(await openAppend(path, state.end));
  }

  async append(rows: readonly FeatureRow[]): Promise<void> {
    const list = rows.map(
      ({ image_path, error }): KeptRow => (error ? [image_path, error.code, error.message] : [image_path]),
    );
    await this.#file.append(
      encodeRecord(
        list,
        rows.flatMap(({ vector }) => (vector ? [vector] : [])),
      ),
    );
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

type KeptRow = readonly [path: string] | readonly [path: string, code: string, message: string];

interface JournalRecord {
  readonly json: unknown;
  readonly numbers: Float32Array;
  readonly end: number;
}

function encodeRecord(json: unknown, vectors: readonly Float32Array[]): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(json));
  const padded = Math.ceil(text.length / 4) * 4;
  const numbers = vectors.reduce((sum, vector) => sum + vector.length, 0);
  const bytes = new Uint8Array(12 + padded + 4 * numbers);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, padded, true);
  bytes.fill(0x20, 12, 12 + padded).set(text, 12);
  let at = 12 + padded;
  for (const vector of vectors) {
    bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at);
    at += vector.byteLength;
  }
  view.setUint32(0, bytes.length - 8, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/** The record that begins at `at`; undefined at the end, and for one that is not whole. */
async function recordAt(source: ByteSource, at: number): Promise<JournalRecord | undefined> {
  if (at + 12 > source.size) return undefined;
  const head = await source.read(at, 8);
  const view = new DataView(head.buffer);
  const length = view.getUint32(0, true);
  if (length < 4 || at + 8 + length > source.size) return undefined;
  const payload = await source.read(at + 8, length);
  if (crc32(payload) !== view.getUint32(4, true)) return undefined;
  const text = new DataView(payload.buffer).getUint32(0, true);
  const json: unknown = JSON.parse(new TextDecoder().decode(payload.subarray(4, 4 + text)));
  return { json, numbers: new Float32Array(payload.buffer, 4 + text), end: at + 8 + length };
}

/** A first record that was cut off, as against another file: it would be short, and begin with its length. */
async function mayBeTorn(source: ByteSource): Promise<boolean> {
  if (source.size > 2 ** 20) return false;
  const head = await source.read(0, Math.min(14, source.size));
  return head.length < 14 || head[12] === 0x7b; // {
}

function rowsOf({ json, numbers }: JournalRecord): FeatureRow[] {
  const list = json as readonly KeptRow[];
  const vectors = list.filter((row) => row.length === 1).length;
  const width = vectors === 0 ? 0 : numbers.length / vectors;
  let next = 0;
  return list.map(([image_path, code, message]): FeatureRow => {
    if (code !== undefined) return { image_path, error: new ResidualError(code, message ?? "") };
    const vector = numbers.subarray(next * width, (next + 1) * width);
    next++;
    return { image_path, vector };
  });
}
