/** The head of a TensorProto: what it is and where its numbers are, which stay unread. onnx-tensor.ts makes a stored tensor of it. */
import protobuf from "protobufjs/minimal.js";
import { WeightError } from "../../errors.ts";
import { type Breach, quoted } from "../weight-source.ts";
import { decodePair } from "./onnx-messages.ts";
import type { ProtoField, ProtoFile } from "./proto-file.ts";

/** Fields of typed numbers, by their number in the message. */
const typedFields = {
  4: "float_data",
  5: "int32_data",
  7: "int64_data",
  10: "double_data",
  11: "uint64_data",
} as const;
export type TypedField = (typeof typedFields)[keyof typeof typedFields];

export interface TensorHead {
  readonly name: string;
  readonly dims: number[];
  dataType: number;
  external: boolean;
  readonly externalData: Map<string, string>;
  raw: ProtoField | undefined;
  readonly typed: Map<TypedField, ProtoField[]>;
}

/** `fallbackName`: where the message has no name of its own. Throws WeightError for what breaks the encoding, and for strings and segments. */
export async function readTensorHead(
  file: ProtoFile,
  { start, end }: Pick<ProtoField, "start" | "end">,
  fallbackName: string,
): Promise<TensorHead> {
  const head: TensorHead & { name: string } = {
    ...{ name: fallbackName, dims: [], dataType: 0, external: false, externalData: new Map(), raw: undefined },
    typed: new Map(),
  };
  const breach: Breach = (what) =>
    new WeightError("weights-format", `${file.source.name}: tensor ${quoted(head.name)}: ${what}`);
  for await (const field of file.fields(start, end, "a tensor")) {
    const { id, wire } = field;
    if (id === 1) {
      if (wire === 0) head.dims.push(field.value);
      else head.dims.push(...(await decodeVarints(file, field, breach)));
      if (head.dims.length > 64) throw breach("has more than 64 dimensions");
    } else if (id === 2 && wire === 0) head.dataType = field.value;
    else if (id === 3 || id === 6) throw breach(`has ${id === 3 ? "a segment" : "strings"}, which are not read`);
    else if (id === 8 && wire === 2) head.name = await decodeText(file, field, breach);
    else if (id === 9 && wire === 2) head.raw = field;
    else if (id === 13 && wire === 2) {
      const { key, value } = pairOf(await small(file, field, breach), breach);
      head.externalData.set(key, value);
    } else if (id === 14 && wire === 0) head.external = field.value === 1;
    else if (id in typedFields) {
      const name = typedFields[id as keyof typeof typedFields];
      const pieces = head.typed.get(name) ?? [];
      head.typed.set(name, pieces);
      // One number a field: its bytes follow the tag.
      pieces.push(wire === 0 ? { ...field, start: field.start + 1 } : field);
    }
  }
  return head;
}

const mostSmallBytes = 2 ** 16;

async function small(file: ProtoFile, field: ProtoField, breach: Breach): Promise<Uint8Array> {
  if (field.end - field.start > mostSmallBytes) throw breach(`a field ${field.id} of ${field.end - field.start} bytes`);
  return file.bytes(field);
}

async function decodeText(file: ProtoFile, field: ProtoField, breach: Breach): Promise<string> {
  return new TextDecoder().decode(await small(file, field, breach));
}

async function decodeVarints(file: ProtoFile, field: ProtoField, breach: Breach): Promise<number[]> {
  const bytes = await small(file, field, breach);
  const reader = protobuf.Reader.create(bytes);
  const numbers: number[] = [];
  try {
    while (reader.pos < reader.len) numbers.push(Number(reader.int64()));
  } catch {
    throw breach("its shape is cut off");
  }
  return numbers;
}

function pairOf(bytes: Uint8Array, breach: Breach): { readonly key: string; readonly value: string } {
  try {
    return decodePair(bytes);
  } catch {
    throw breach("where its numbers are is cut off");
  }
}
