/**
 * Reads ONNX models as weights: the initialisers by their names, and the graph that says what each is for (exporters that fold batch norms
 * make names up; src/model/names maps by the graph). Format: onnx/onnx.proto3; onnx.proto here is the part that is read.
 */
import { WeightError } from "../../errors.ts";
import type { ByteSource } from "../../platform/sources.ts";
import type { StoredTensor, WeightFile } from "../weight-file.ts";
import { type Breach, openWeightSource, quoted, type WeightSource } from "../weight-source.ts";
import { decodeNode, decodePair, decodeValueName, type OnnxNode } from "./onnx-messages.ts";
import { findTensor, type OpenExternal } from "./onnx-tensor.ts";
import { type ProtoField, ProtoFile } from "./proto-file.ts";

/** The graph around the tensors. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  /** Names of the inputs that no initialiser gives. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Initialisers, and the tensors of Constant nodes, by the values' names. */
  readonly constants: ReadonlyMap<string, StoredTensor>;
}

export interface OnnxFile extends WeightFile {
  readonly graph: OnnxGraph;
}

const mostFiles = 1000;

/**
 * Opens a model: its graph is read, its weights stay in their files. Throws WeightError for what breaks the format, and for external data that
 * is not within the model's folder.
 */
export async function openOnnx(source: WeightSource): Promise<OnnxFile> {
  const bytes = await openWeightSource(source);
  const opened = new Map<string, ByteSource>();
  const close = async (): Promise<void> => {
    await Promise.all([bytes, ...opened.values()].map((one) => one.close()));
  };
  const openExternal: OpenExternal = async (location, breach) => {
    const known = opened.get(location);
    if (known) return known;
    if (!bytes.beside)
      throw breach(
        `is in the file ${quoted(location)} beside the model, which has no folder here; give the model's path`,
      );
    if (opened.size >= mostFiles) throw breach(`the model's tensors are in more than ${mostFiles} files`);
    const data = await bytes.beside(location);
    opened.set(location, data);
    return data;
  };
  try {
    const model = await readModel(bytes, openExternal);
    return { source: bytes.name, ...model, parts: [...opened.values()].map(({ name }) => name), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readModel(
  bytes: ByteSource,
  openExternal: OpenExternal,
): Promise<Pick<OnnxFile, "tensors" | "metadata" | "graph">> {
  const breach: Breach = (what) => new WeightError("weights-format", `${bytes.name}: ${what}`);
  const file = new ProtoFile(bytes, breach);
  const metadata = new Map<string, string>();
  let graph: ProtoField | undefined;
  for await (const field of file.fields(0, bytes.size, "the model")) {
    if (field.wire !== 2) continue;
    if (field.id === 7) {
      if (graph) throw breach("has two graphs; one is right");
      graph = field;
    } else if (field.id === 14) {
      const { key, value } = await decode(file, field, decodePair, breach);
      metadata.set(key, value);
    }
  }
  if (!graph) throw breach("has no graph: not an ONNX model, or cut off");
  return { metadata, ...(await readGraph(file, graph, openExternal, breach)) };
}

async function readGraph(
  file: ProtoFile,
  graph: ProtoField,
  openExternal: OpenExternal,
  breach: Breach,
): Promise<Pick<OnnxFile, "tensors" | "graph">> {
  const nodes: OnnxNode[] = [];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const tensors = new Map<string, StoredTensor>();
  const constants = new Map<string, StoredTensor>();
  for await (const field of file.fields(graph.start, graph.end, "the graph")) {
    if (field.wire !== 2) continue;
    if (field.id === 1) {
      const node = await decode(file, field, decodeNode, breach);
      nodes.push(node);
      const place = node.op === "Constant" ? node.attributes.get("value")?.tensor : undefined;
      const output = node.outputs[0];
      if (place && output !== undefined) {
        const within = { start: field.start + place.start, end: field.start + place.end };
        constants.set(output, (await findTensor(file, within, openExternal, output)).tensor);
      }
    } else if (field.id === 5) {
      const { name, tensor } = await findTensor(file, field, openExternal);
      if (tensors.has(name)) throw breach(`has two tensors named ${quoted(name)}`);
      tensors.set(name, tensor);
    } else if (field.id === 11) inputs.push(await decode(file, field, decodeValueName, breach));
    else if (field.id === 12) outputs.push(await decode(file, field, decodeValueName, breach));
    else if (field.id === 15) throw breach("has sparse tensors, which are not read");
  }
  for (const [name, tensor] of tensors) constants.set(name, tensor);
  return { tensors, graph: { nodes, inputs: inputs.filter((name) => !tensors.has(name)), outputs, constants } };
}

async function decode<T>(
  file: ProtoFile,
  field: ProtoField,
  decoder: (bytes: Uint8Array) => T,
  breach: Breach,
): Promise<T> {
  const bytes = await file.bytes(field);
  try {
    return decoder(bytes);
  } catch (error) {
    throw breach(
      `a message at byte ${field.start} is no valid one (${error instanceof Error ? error.message : error}): not a valid ONNX model`,
    );
  }
}
