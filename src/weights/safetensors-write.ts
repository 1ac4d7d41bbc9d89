/**
 * Writes safetensors files in the order of the format's own implementation: the widest dtypes first, then by name, behind a
 * header padded to 8 bytes, so that every tensor lies aligned.
 */
import { OptionError, WeightError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import { formatShape, isShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { encodeNumbers, type Numbers } from "./safetensors-encode.ts";
import { maxHeaderBytes } from "./safetensors-header.ts";
import { byteLength, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes } from "./stored-dtypes.ts";
import { type Breach, quoted } from "./weight-source.ts";

/** A tensor by its numbers, row-major, or by its bytes as they shall lie in the file (the only way for F4, F6, F8 and C64). */
export type TensorToWrite = { readonly name: string; readonly dtype: SafetensorsDtype; readonly shape: Shape } & (
  | { readonly data: Numbers; readonly bytes?: undefined }
  | { readonly bytes: Uint8Array; readonly data?: undefined }
);

/** The whole file. Throws WeightError ("weights-format") for what the format or a dtype cannot hold, OptionError for metadata in no Map. */
export function writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors))
    throw new OptionError(
      `writeSafetensors: tensors is ${describeValue(tensors)}; expected a list of { name, dtype, shape, data }`,
    );
  const list = [...tensors];
  for (const tensor of list)
    if (typeof tensor?.name !== "string")
      throw new OptionError(
        `writeSafetensors: a tensor is ${describeValue(tensor)}; expected { name, dtype, shape, data }`,
      );
  if (!(metadata instanceof Map))
    throw new OptionError(`writeSafetensors: metadata is ${describeValue(metadata)}; expected a Map of strings`);
  const rank = Object.keys(safetensorsDtypes);
  const sorted = list.sort(
    (a, b) => rank.indexOf(b.dtype) - rank.indexOf(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const members: string[] = [];
  for (const [key, value] of metadata) {
    if (typeof key !== "string" || typeof value !== "string") {
      throw new WeightError(
        "weights-format",
        `metadata ${quoted(String(key))}: is ${describeValue(value)}; expected text`,
      );
    }
    if (!key.isWellFormed() || !value.isWellFormed()) {
      throw new WeightError("weights-format", `metadata ${quoted(key)}: has half a surrogate pair`);
    }
  }
  if (metadata.size > 0) members.push(`"__metadata__":${JSON.stringify(Object.fromEntries(metadata))}`);
  const names = new Set<string>();
  const contents: Uint8Array[] = [];
  let at = 0;
  for (const tensor of sorted) {
    const { name, dtype, shape } = tensor;
    const breach: Breach = (what) => new WeightError("weights-format", `tensor ${quoted(name)}: ${what}`);
    if (name === "__metadata__") throw breach("this name is the metadata's");
    if (names.has(name)) throw breach("there are two of this name");
    if (!name.isWellFormed()) throw breach("its name has half a surrogate pair");
    names.add(name);
    const content = contentOf(tensor, breach);
    contents.push(content);
    const offsets = [at, at + content.length];
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`);
    at += content.length;
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > maxHeaderBytes) {
    throw new WeightError(
      "weights-format",
      `a safetensors header of ${headerBytes} bytes; at most ${maxHeaderBytes} go`,
    );
  }
  const file = new Uint8Array(8 + headerBytes + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(json, 8);
  let end = 8 + headerBytes;
  for (const content of contents) {
    file.set(content, end);
    end += content.length;
  }
  return file;
}

function contentOf({ dtype, shape, data, bytes }: TensorToWrite, breach: Breach): Uint8Array {
  if (!isSafetensorsDtype(dtype)) throw breach(`unknown dtype ${quoted(String(dtype))}`);
  if (!isShape(shape)) throw breach(`its shape ${formatShape(shape)} is not one of whole numbers`);
  const expected = byteLength(dtype, shape);
  if (expected === undefined) throw breach(`${formatShape(shape)} of ${dtype} do not fill whole bytes`);
  if (data && data.length !== sizeOf(shape)) {
    throw breach(`has ${data.length} numbers, and ${formatShape(shape)} are ${sizeOf(shape)}`);
  }
  if (!data && !(bytes instanceof Uint8Array)) throw breach("has neither data (numbers) nor bytes (a Uint8Array)");
  const content = data ? encodeNumbers(dtype, data, breach) : bytes;
  if (content.length !== expected) {
    throw breach(`has ${content.length} bytes, and ${formatShape(shape)} of ${dtype} are ${expected}`);
  }
  return content;
}
