/**
 * The writing half of Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding), as much as an ONNX file needs:
 * varints and length-delimited fields.
 */

export type Field = Uint8Array;

/** A whole number, 0 or more; `int32`, `int64` and enums are the same on the wire. */
export function integerField(number: number, value: number): Field {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** A string, bytes, or a message, which is the concatenation of its fields. */
export function bytesField(number: number, value: string | Uint8Array | readonly Field[]): Field {
  const content =
    typeof value === "string" ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : message(value);
  return message([Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

export function message(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(fields.reduce((total, field) => total + field.length, 0));
  let at = 0;
  for (const field of fields) {
    out.set(field, at);
    at += field.length;
  }
  return out;
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function varint(value: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`protobuf: ${value} is no varint of ours`);
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
