/**
 * A TensorProto as a stored tensor, wherever its numbers are: raw_data, one of the typed fields, or a file beside the model
 * (onnx/docs/ExternalData.md). Only its head is read here; the numbers stay in their file until they are asked for.
 */
import protobuf from "protobufjs/minimal.js";
import { WeightError } from "../../errors.ts";
import type { ByteSource } from "../../platform/sources.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { byteLength, type StoredDtype } from "../stored-dtypes.ts";
import { type StoredTensor, storedTensor } from "../weight-file.ts";
import { type Breach, quoted } from "../weight-source.ts";
import { readTensorHead, type TensorHead, type TypedField } from "./onnx-tensor-head.ts";
import type { ProtoField, ProtoFile } from "./proto-file.ts";

/** TensorProto.DataType, by number. The numbers of each type lie in raw_data, in files, or in the typed field named here. */
const dataTypes: ReadonlyMap<number, { readonly stored: StoredDtype; readonly field: TypedField }> = new Map([
  [1, { stored: "F32", field: "float_data" }],
  [2, { stored: "U8", field: "int32_data" }],
  [3, { stored: "I8", field: "int32_data" }],
  [4, { stored: "U16", field: "int32_data" }],
  [5, { stored: "I16", field: "int32_data" }],
  [6, { stored: "I32", field: "int32_data" }],
  [7, { stored: "I64", field: "int64_data" }],
  [9, { stored: "BOOL", field: "int32_data" }],
  [10, { stored: "F16", field: "int32_data" }],
  [11, { stored: "F64", field: "double_data" }],
  [12, { stored: "U32", field: "uint64_data" }],
  [13, { stored: "U64", field: "uint64_data" }],
  [14, { stored: "C64", field: "float_data" }],
  [15, { stored: "C128", field: "double_data" }],
  [16, { stored: "BF16", field: "int32_data" }],
  [17, { stored: "F8_E4M3", field: "int32_data" }],
  [18, { stored: "F8_E4M3FNUZ", field: "int32_data" }],
  [19, { stored: "F8_E5M2", field: "int32_data" }],
  [20, { stored: "F8_E5M2FNUZ", field: "int32_data" }],
  [24, { stored: "F8_E8M0", field: "int32_data" }],
] as const);

/** Opens a file by its path from the model's folder, once for all tensors in it. */
export type OpenExternal = (location: string, breach: Breach) => Promise<ByteSource>;

/**
 * Finds the tensor whose message is `field`; `fallbackName` where it has no name of its own. Throws WeightError for a type that cannot be
 * read, numbers that are not as many as its shape says, or a file that cannot be had.
 */
export async function findTensor(
  file: ProtoFile,
  field: Pick<ProtoField, "start" | "end">,
  openExternal: OpenExternal,
  fallbackName = "",
): Promise<{ readonly name: string; readonly tensor: StoredTensor }> {
  const head = await readTensorHead(file, field, fallbackName);
  const { name, dims, raw, typed } = head;
  const source = file.source.name;
  const breach: Breach = (what) => new WeightError("weights-format", `${source}: tensor ${quoted(name)}: ${what}`);
  const type = dataTypes.get(head.dataType);
  if (!type)
    throw breach(
      `has elements of ONNX's type ${head.dataType}; floats, whole numbers from 8 bits and booleans are read`,
    );
  const negative = dims.find((dim) => !Number.isSafeInteger(dim) || dim < 0);
  if (negative !== undefined) throw breach(`has ${negative} in its shape`);
  const bytes = byteLength(type.stored, dims);
  if (bytes === undefined) throw breach(`${formatShape(dims)} elements are more than 2^53 bits`);
  const expected = `${formatShape(dims)} of ${type.stored} are ${bytes}`;
  const places = [head.external && "a file", raw && "raw_data", ...typed.keys()].filter(
    (place) => place !== undefined && place !== false,
  );
  if (places.length > 1) throw breach(`has its numbers in ${places.join(" and in ")}; one place is right`);
  const as = (read: () => Promise<Uint8Array<ArrayBuffer>>) => ({
    name,
    tensor: storedTensor(source, name, type.stored, dims, read),
  });

  if (head.external) {
    const { data, offset } = await openExternalData(head, bytes, openExternal, breach, expected);
    return as(() => data.read(offset, bytes));
  }
  if (raw) {
    if (raw.end - raw.start !== bytes) throw breach(`its raw_data has ${raw.end - raw.start} bytes, and ${expected}`);
    return as(() => file.source.read(raw.start, bytes));
  }
  const pieces = typed.get(type.field) ?? [];
  const [other] = typed.keys();
  if (other !== undefined && other !== type.field)
    throw breach(`has its ${type.stored} in ${other}; ${type.field} is right`);
  const held = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  // A varint has at least one byte, so that nothing larger than the file is ever made for it.
  const wrong =
    type.field.startsWith("float") || type.field.startsWith("double") ? held !== bytes : held < sizeOf(dims);
  if (wrong)
    throw breach(`its ${type.field} has ${held} bytes, too few or too many for ${formatShape(dims)} of ${type.stored}`);
  return as(() => readTyped(file.source, pieces, type, bytes, breach));
}

async function openExternalData(
  { externalData }: TensorHead,
  bytes: number,
  openExternal: OpenExternal,
  breach: Breach,
  expected: string,
): Promise<{ readonly data: ByteSource; readonly offset: number }> {
  const location = externalData.get("location");
  if (location === undefined) throw breach("is in a file, and no location says in which");
  const whole = (key: string, unless: number): number => {
    const text = externalData.get(key);
    if (text === undefined) return unless;
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(number))
      throw breach(`its ${key} in ${quoted(location)} is ${quoted(text)}, no whole number`);
    return number;
  };
  const offset = whole("offset", 0);
  const length = whole("length", bytes);
  if (length !== bytes) throw breach(`has ${length} bytes in ${quoted(location)}, and ${expected}`);
  const data = await openExternal(location, breach);
  if (offset + bytes > data.size)
    throw breach(`ends at byte ${offset + bytes} of ${quoted(location)}, which has ${data.size}`);
  return { data, offset };
}

async function readTyped(
  source: ByteSource,
  pieces: readonly ProtoField[],
  { stored, field }: { readonly stored: StoredDtype; readonly field: TypedField },
  bytes: number,
  breach: Breach,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(bytes);
  const plain = field === "float_data" || field === "double_data";
  const width = plain ? 1 : elementBytes(stored);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { start, end } of pieces) {
    const piece = await source.read(start, end - start);
    if (plain) {
      out.set(piece, at);
      at += piece.length;
      continue;
    }
    const reader = protobuf.Reader.create(piece);
    try {
      for (; reader.pos < reader.len; at += width) {
        if (at >= bytes) throw breach(`its ${field} has more numbers than its shape, ${bytes / width}`);
        writeInteger(view, at, width, field === "int32_data" ? reader.int32() : BigInt(reader.int64().toString()));
      }
    } catch (error) {
      if (error instanceof WeightError) throw error;
      throw breach(`its ${field} is cut off`);
    }
  }
  if (at !== bytes) throw breach(`its ${field} has ${at / width} numbers, and its shape ${bytes / width}`);
  return out;
}

function elementBytes(stored: StoredDtype): number {
  return byteLength(stored, [1])!;
}

/** The low bits of a whole number, as the typed fields hold halves and bytes. */
function writeInteger(view: DataView, at: number, width: number, value: number | bigint): void {
  if (width === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  else if (width === 4) view.setInt32(at, Number(BigInt.asIntN(32, BigInt(value))), true);
  else if (width === 2) view.setInt16(at, Number(value), true);
  else view.setInt8(at, Number(value));
}
