/**
 * The small messages of onnx.proto, decoded whole by protobufjs's reader: nodes with their attributes, pairs of strings. Tensors are not
 * decoded but found: onnx-tensor.ts reads them from the file.
 */
import protobuf from "protobufjs/minimal.js";

/** A node of the graph. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** "" for ONNX's own. */
  readonly domain: string;
  /** Names of values; "" for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxAttribute {
  readonly float: number;
  readonly int: number;
  readonly text: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  /** Where a tensor's message is, counted from the start of the node's. */
  readonly tensor: { readonly start: number; readonly end: number } | undefined;
}

type Reader = protobuf.Reader;

/** Of each list in a node: far more than any op has, and few enough that a hostile file costs no more than its size. */
const mostItems = 10_000;

function put<T>(list: T[], item: T): void {
  if (list.push(item) > mostItems) throw new RangeError(`a node has a list of more than ${mostItems} items`);
}

/** A node's message. Throws protobufjs's errors. */
export function decodeNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, op, domain] = ["", "", ""];
  const reader = protobuf.Reader.create(bytes);
  eachField(reader, reader.len, (id, wire) => {
    if (wire !== 2) return false;
    if (id === 1) put(inputs, reader.string());
    else if (id === 2) put(outputs, reader.string());
    else if (id === 3) name = reader.string();
    else if (id === 4) op = reader.string();
    else if (id === 5) {
      attributes.set(...decodeAttribute(reader));
      if (attributes.size > mostItems) throw new RangeError(`a node has more than ${mostItems} attributes`);
    } else if (id === 7) domain = reader.string();
    else return false;
    return true;
  });
  return { name, op, domain: domain === "ai.onnx" ? "" : domain, inputs, outputs, attributes };
}

function decodeAttribute(reader: Reader): [string, OnnxAttribute] {
  const end = endOf(reader);
  const ints: number[] = [];
  const floats: number[] = [];
  let [name, text, float, int] = ["", "", 0, 0];
  let tensor: OnnxAttribute["tensor"];
  eachField(reader, end, (id, wire) => {
    if (id === 1 && wire === 2) name = reader.string();
    else if (id === 2 && wire === 5) float = reader.float();
    else if (id === 3 && wire === 0) int = Number(reader.int64());
    else if (id === 4 && wire === 2) text = reader.string();
    else if (id === 5 && wire === 2) {
      const stop = endOf(reader);
      tensor = { start: reader.pos, end: stop };
      reader.pos = stop;
    } else if (id === 7) eachNumber(reader, wire, 5, () => put(floats, reader.float()));
    else if (id === 8) eachNumber(reader, wire, 0, () => put(ints, Number(reader.int64())));
    else return false;
    return true;
  });
  return [name, { float, int, text, ints, floats, tensor }];
}

/** A key and its value. */
export function decodePair(bytes: Uint8Array): { readonly key: string; readonly value: string } {
  let [key, value] = ["", ""];
  const reader = protobuf.Reader.create(bytes);
  eachField(reader, reader.len, (id, wire) => {
    if (id === 1 && wire === 2) key = reader.string();
    else if (id === 2 && wire === 2) value = reader.string();
    else return false;
    return true;
  });
  return { key, value };
}

/** The name of a value: its field 1; its type stays unread. */
export function decodeValueName(bytes: Uint8Array): string {
  let name = "";
  const reader = protobuf.Reader.create(bytes);
  eachField(reader, reader.len, (id, wire) => {
    if (id !== 1 || wire !== 2) return false;
    name = reader.string();
    return true;
  });
  return name;
}

/** Calls `take` at each field's content; where it gives false the field is passed over. */
function eachField(reader: Reader, end: number, take: (id: number, wire: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!take(tag >>> 3, tag & 7)) reader.skipType(tag & 7);
  }
  if (reader.pos > end) throw new RangeError("a field ends behind its message");
}

/** Numbers that are packed or stand one a field. */
function eachNumber(reader: Reader, wire: number, single: number, take: () => void): void {
  if (wire === single) take();
  else if (wire === 2) for (const end = endOf(reader); reader.pos < end; ) take();
  else reader.skipType(wire);
}

function endOf(reader: Reader): number {
  const length = Number(reader.uint64());
  if (length > reader.len - reader.pos) throw new RangeError("a field is longer than its message");
  return reader.pos + length;
}
