/**
 * Where everything lies in a safetensors file that is to be written, by the order of the format's own implementation: the widest dtypes
 * first, then by name, behind a header padded to 8 bytes, so that every tensor lies aligned. Both writers (in memory and streaming) use it.
 */
import { OptionError, WeightError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import { formatShape, isShape, type Shape } from "../tensor/shape.ts";
import { maxHeaderBytes } from "./safetensors-header.ts";
import { byteLength, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes } from "./stored-dtypes.ts";
import { type Breach, quoted } from "./weight-source.ts";

/** What the header says of a tensor. */
export interface TensorPlan {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: Shape;
}

export interface SafetensorsLayout<T extends TensorPlan> {
  /** The 8 bytes of length, the JSON and its padding. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** In the file's order, each with its bytes. */
  readonly tensors: readonly { readonly tensor: T; readonly bytes: number }[];
  /** Of the whole file. */
  readonly size: number;
}

/** Makes the error of one tensor. */
export function breachOf({ name }: TensorPlan): Breach {
  return (what) => new WeightError("weights-format", `tensor ${quoted(name)}: ${what}`);
}

/** Throws WeightError ("weights-format") for names, shapes, dtypes or metadata that the format cannot hold. */
export function layOutSafetensors<T extends TensorPlan>(
  tensors: Iterable<T>,
  metadata: ReadonlyMap<string, string>,
): SafetensorsLayout<T> {
  const rank = Object.keys(safetensorsDtypes);
  const sorted = [...tensors].sort(
    (a, b) => rank.indexOf(b.dtype) - rank.indexOf(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const members: string[] = [];
  checkMetadata(metadata);
  if (metadata.size > 0) members.push(`"__metadata__":${JSON.stringify(Object.fromEntries(metadata))}`);
  const names = new Set<string>();
  const placed: { tensor: T; bytes: number }[] = [];
  let at = 0;
  for (const tensor of sorted) {
    const { name, dtype, shape } = tensor;
    const breach = breachOf(tensor);
    if (name === "__metadata__") throw breach("this name is the metadata's");
    if (names.has(name)) throw breach("there are two of this name");
    if (!name.isWellFormed()) throw breach("its name has half a surrogate pair");
    names.add(name);
    if (!isSafetensorsDtype(dtype)) throw breach(`unknown dtype ${quoted(String(dtype))}`);
    if (!isShape(shape)) throw breach(`its shape ${formatShape(shape)} is not one of whole numbers`);
    const bytes = byteLength(dtype, shape);
    if (bytes === undefined) throw breach(`${formatShape(shape)} of ${dtype} do not fill whole bytes`);
    placed.push({ tensor, bytes });
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [at, at + bytes] })}`);
    at += bytes;
  }
  const header = headerOf(`{${members.join(",")}}`);
  return { header, tensors: placed, size: header.length + at };
}

function checkMetadata(metadata: ReadonlyMap<string, string>): void {
  if (!(metadata instanceof Map))
    throw new OptionError(`writeSafetensors: metadata is ${describeValue(metadata)}; expected a Map of strings`);
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
}

function headerOf(text: string): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(text);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > maxHeaderBytes)
    throw new WeightError("weights-format", `a safetensors header of ${length} bytes; at most ${maxHeaderBytes} go`);
  const header = new Uint8Array(8 + length);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.fill(0x20, 8);
  header.set(json, 8);
  return header;
}
