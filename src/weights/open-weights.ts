/**
 * Opens a weight file of any kind: looks at how it starts, not at its name. `formats` is the one list of what is known; a new
 * reader is its file and an `open` in its line.
 */
import { WeightError } from "../errors.ts";
import type { ByteSource } from "../platform/sources.ts";
import { checkOptions, checkSignal } from "../tensor/check-options.ts";
import { openSafetensors } from "./safetensors.ts";
import { looksLikeIndex, openSharded } from "./sharded.ts";
import { openTorchLegacy } from "./torch/torch-legacy.ts";
import { openTorchTar } from "./torch/torch-tar.ts";
import { openTorchZip } from "./torch/torch-zip.ts";
import type { WeightFile } from "./weight-file.ts";
import { quoted, readWeightSource, type WeightSource } from "./weight-source.ts";

interface WeightFormat {
  /** With its article, as a message says it: `looks like ${name}`. */
  readonly name: string;
  /** `head`: the file's first bytes, at most 512; `file`: its name. */
  readonly recognises: (head: Uint8Array, file: string) => boolean;
  readonly open: (source: ByteSource) => Promise<WeightFile>;
}

const formats: readonly WeightFormat[] = [
  // Eight bytes of length, the last of them 0 (no text has that), then JSON.
  { name: "a safetensors file", recognises: (head) => head[7] === 0 && head[8] === 0x7b, open: openSafetensors },
  { name: "a PyTorch file (zip)", recognises: startsWith(0x50, 0x4b, 0x03, 0x04), open: openTorchZip },
  { name: "a PyTorch file (before 1.6)", recognises: startsWithMagicNumber, open: openTorchLegacy },
  {
    name: "a PyTorch file (tar, before 0.2)",
    recognises: (head) => text(head.subarray(257, 262)) === "ustar",
    open: openTorchTar,
  },
  // Protobuf: field 1 (ir_version, a small varint), then a field of ModelProto with a length, or opset_import.
  {
    name: "an ONNX model",
    recognises: (head) =>
      head[0] === 0x08 && head[1]! < 0x20 && [0x12, 0x1a, 0x22, 0x32, 0x3a, 0x42].includes(head[2]!),
    // Loaded when it is used: most need no reader of protobuf.
    open: async (source) => (await import("./onnx/onnx.ts")).openOnnx(source),
  },
  {
    name: "an index of weights in several files",
    recognises: (head, file) => looksLikeIndex(new TextDecoder().decode(head), file),
    open: (source) => openSharded(source, openShard),
  },
];

/** What may be told of the opening of a weight file. */
export interface OpenWeightsOptions {
  /** Ends the opening; the file's later reads are its own. */
  readonly signal?: AbortSignal;
}

/**
 * A weight file as a state dict; close it when its constants are read. Throws WeightError where there is no file, or none of a known
 * kind, or it breaks its format's rules, UnsupportedError for what a reader does not do, the signal's reason.
 */
export async function openWeights(source: WeightSource, options: OpenWeightsOptions = {}): Promise<WeightFile> {
  checkOptions("openWeights", options, ["signal"]);
  checkSignal("openWeights", options.signal);
  const read = async (bytes: ByteSource): Promise<WeightFile> => {
    const head = await bytes.read(0, Math.min(bytes.size, 512));
    // Last by name, so that a broken file is told what is broken.
    const named = bytes.name.endsWith(".safetensors") && !isText(head) ? formats[0] : undefined;
    const format = formats.find((known) => known.recognises(head, bytes.name)) ?? named;
    if (!format) throw new WeightError("weights-format", `${bytes.name}: not a weight file: ${startOf(head)}`);
    const file = await format.open(bytes);
    if (options.signal?.aborted) await file.close(); // and what it opened beside itself
    return Object.assign(file, { beside: bytes.beside });
  };
  return readWeightSource(source, read, options.signal);
}

/** A file that an index names: of any kind but an index, which would lead in circles. */
function openShard(source: ByteSource): Promise<WeightFile> {
  return readWeightSource(source, async (shard) => {
    const head = await shard.read(0, Math.min(shard.size, 512));
    if (!looksLikeIndex(new TextDecoder().decode(head), shard.name)) return openWeights(shard);
    throw new WeightError("weights-format", `${shard.name}: is an index of weights, and stands in one`);
  });
}

/** A web page, JSON, a note: eight characters of text, where a safetensors file has the length of its header. */
function isText(head: Uint8Array): boolean {
  const start = startsWith(0xef, 0xbb, 0xbf)(head) ? head.subarray(3) : head; // a byte order mark in UTF-8
  const printable = (byte: number) => (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
  return start.length > 0 && start.subarray(0, 8).every(printable);
}

/** Pickle protocol 2 to 5 (the last two with a frame), LONG1 of ten bytes: the magic number 0x1950a86a20f9469cfc6c. */
function startsWithMagicNumber(head: Uint8Array): boolean {
  const number = head[2] === 0x95 ? head.subarray(11) : head.subarray(2);
  return head[0] === 0x80 && startsWith(0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46)(number);
}

function startsWith(...bytes: number[]): (head: Uint8Array) => boolean {
  return (head) => bytes.every((byte, i) => head[i] === byte);
}

function startOf(head: Uint8Array): string {
  if (head[0] === 0x80 && head[1]! <= 5)
    return "it is a pickle, but not one of torch.save; write it in Python by torch.save(state_dict, FILE)";
  if (startsWith(0x1f, 0x8b)(head)) return "it is compressed (gzip); unpack it first";
  return head.length === 0
    ? "it is empty"
    : `starts with ${quoted(text(head.subarray(0, 16)))}; safetensors, PyTorch's files and ONNX are read`;
}

/** Bytes as Latin-1, the printable ones as they are and the rest as dots. */
function text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
}
