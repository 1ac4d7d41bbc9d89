/**
 * The head of a safetensors file, checked whole before anything is believed: 8 bytes of length (little-endian), then that many
 * bytes of JSON. Rules: huggingface/safetensors, README.md ("Format") and safetensors/src/tensor.rs; each breach is an error
 * of its own that says what would be right.
 */
import { WeightError } from "../errors.ts";
import type { ByteSource } from "../platform/sources.ts";
import { createPacer, nextTurn } from "../tensor/pacer.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { byteLength, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes } from "./stored-dtypes.ts";
import { type JsonValue, parseStrictJson } from "./strict-json.ts";
import { type Breach, decodeUtf8, quoted } from "./weight-source.ts";

/** One tensor, as the header has it. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: Shape;
  /** First byte and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the header's order. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Where in the file the tensors' bytes begin. */
  readonly dataStart: number;
}

/** The format's own limit. */
export const maxHeaderBytes = 100_000_000;

/** Reads and checks the header against the file's size. Throws WeightError ("weights-format"). */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const breach: Breach = (what) => new WeightError("weights-format", `${source.name}: ${what}`);
  if (source.size < 8) {
    throw breach(`has ${source.size} bytes, and a safetensors file starts with the 8 bytes of its header's length`);
  }
  const length = new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw breach(`a safetensors header of ${length} bytes; at most ${maxHeaderBytes} are allowed`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > source.size) {
    throw breach(`truncated: its safetensors header has ${length} bytes, and only ${source.size - 8} follow`);
  }
  const bytes = await source.read(8, dataStart - 8);
  if (bytes[0] !== 0x7b) throw breach(`its safetensors header must start with "{"`);
  const text = decodeUtf8(bytes, `${source.name}: its safetensors header is not valid UTF-8`);
  const pace = createPacer();
  await nextTurn();
  const json = parseStrictJson(text, (what) => breach(`its safetensors header: ${what}`));
  if (!(json instanceof Map)) throw breach("its safetensors header must be one JSON object");

  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, info] of json) {
    await pace();
    if (name !== "__metadata__")
      entries.set(
        name,
        entryOf(info, (what) => breach(`tensor ${quoted(name)}: ${what}`)),
      );
  }
  await nextTurn();
  checkPlacement(entries, source.size - dataStart, breach);
  return { entries, metadata: metadataOf(json.get("__metadata__"), breach), dataStart };
}

function metadataOf(value: JsonValue | undefined, breach: Breach): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (!(value instanceof Map)) throw breach("__metadata__ must be an object of strings");
  for (const [key, text] of value) {
    if (typeof text !== "string") throw breach(`__metadata__: ${quoted(key)} must be a string`);
    metadata.set(key, text);
  }
  return metadata;
}

/** Unknown members are passed over, as the format's own reader does. */
function entryOf(info: JsonValue, breach: Breach): SafetensorsEntry {
  if (!(info instanceof Map)) throw breach("must be an object with dtype, shape and data_offsets");
  const dtype = info.get("dtype");
  if (typeof dtype !== "string") throw breach("its dtype must be a string");
  if (!isSafetensorsDtype(dtype)) {
    throw breach(`unknown dtype ${quoted(dtype)}; known are ${Object.keys(safetensorsDtypes).join(", ")}`);
  }
  const shape = wholeNumbers(info.get("shape"));
  if (!shape) throw breach("its shape must be a list of whole numbers from 0 to 2^53 - 1");
  const offsets = wholeNumbers(info.get("data_offsets"));
  const [begin, end] = offsets ?? [];
  if (begin === undefined || end === undefined || offsets?.length !== 2) {
    throw breach("its data_offsets must be two whole numbers, [begin, end], from 0 to 2^53 - 1");
  }
  if (end < begin) throw breach(`its data_offsets end (${end}) before they begin (${begin})`);
  const expected = byteLength(dtype, shape);
  if (expected === undefined) {
    throw breach(`${formatShape(shape)} elements of ${dtype} do not fill whole bytes, or are more than 2^53 bits`);
  }
  if (end - begin !== expected) {
    throw breach(`its data_offsets span ${end - begin} bytes, and ${formatShape(shape)} of ${dtype} are ${expected}`);
  }
  return { dtype, shape, begin, end };
}

function wholeNumbers(value: JsonValue | undefined): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers: number[] = [];
  for (const item of value) {
    if (typeof item !== "bigint" || item < 0n || item > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
    numbers.push(Number(item));
  }
  return numbers;
}

/** The tensors must cover the data without a hole or an overlap, from its first byte to the file's last. */
function checkPlacement(entries: ReadonlyMap<string, SafetensorsEntry>, dataBytes: number, breach: Breach): void {
  const placed = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  let before = "the data's start";
  for (const [name, { begin, end }] of placed) {
    const who = `tensor ${quoted(name)} begins at byte ${begin} of the data`;
    if (begin < covered) throw breach(`${who} and overlaps ${before}, which ends at ${covered}`);
    if (begin > covered) throw breach(`${who}, ${begin - covered} bytes after ${before}: there must be no hole`);
    if (end > dataBytes) {
      throw breach(`truncated: tensor ${quoted(name)} ends at byte ${end} of the data, and the file has ${dataBytes}`);
    }
    covered = end;
    before = `tensor ${quoted(name)}`;
  }
  if (covered !== dataBytes) {
    throw breach(`${dataBytes - covered} bytes at its end belong to no tensor: it must end with the last one`);
  }
}
