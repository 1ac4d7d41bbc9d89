import { describe, expect, it } from "vitest";
import { trace } from "../../src/nn/trace.ts";
import { fillParameters, ResidualNet } from "../../test/support/networks.ts";
import { foldedGraph, readFloat32 } from "../common/runner.ts";
import { onnxModel } from "./onnx-model.ts";

type Message = Map<number, (number | Uint8Array)[]>;

/** The reading half of the wire format, written apart from the writer: fields by number, in order. */
function parse(bytes: Uint8Array): Message {
  const fields: Message = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    let value: number | Uint8Array = varint();
    if (tag % 8 === 2) {
      const length: number = value;
      value = bytes.subarray(at, at + length);
      expect(value.length).toBe(length);
      at += length;
    } else expect(tag % 8).toBe(0);
    fields.set(Math.floor(tag / 8), [...(fields.get(Math.floor(tag / 8)) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Message, number: number) =>
  (fields.get(number) ?? []).map((value) => parse(value as Uint8Array));
const texts = (fields: Message, number: number) =>
  (fields.get(number) ?? []).map((value) => new TextDecoder().decode(value as Uint8Array));

describe("a network as an ONNX file", async () => {
  const network = new ResidualNet(4);
  fillParameters(network, "onnx");
  const graph = foldedGraph(trace(network, [4, 6, 5]));
  const model = parse(await onnxModel(graph, 300));
  const [onnx] = messages(model, 7);

  it("has its nodes in order, each fed by what came before", () => {
    const nodes = messages(onnx!, 1);
    expect(nodes.map((node) => texts(node, 4)[0])).toEqual(["Conv", "Relu", "Conv", "Add", "Relu"]);
    const known = new Set(["x", ...messages(onnx!, 5).map((tensor) => texts(tensor, 8)[0]!)]);
    for (const node of nodes) {
      for (const input of texts(node, 1)) expect(known).toContain(input);
      known.add(texts(node, 2)[0]!);
    }
    expect(texts(nodes.at(-1)!, 2)).toEqual(["output"]);
    const pads = messages(nodes[0]!, 5).find((attribute) => texts(attribute, 1)[0] === "pads")!;
    expect(pads.get(8)).toEqual([1, 1, 1, 1]);
    expect(pads.get(20)).toEqual([7]);
  });

  it("has the folded weights' bytes under their shapes", async () => {
    const constants = graph.nodes.filter((node) => node.kind === "constant");
    const tensors = messages(onnx!, 5);
    expect(tensors.map((tensor) => tensor.get(1))).toEqual(constants.map((node) => [...node.shape]));
    for (const [i, tensor] of tensors.entries()) {
      const raw = (tensor.get(9)![0] as Uint8Array).slice().buffer;
      expect(new Float32Array(raw)).toEqual(await readFloat32(constants[i]!.constant));
      expect(tensor.get(2)).toEqual([1]);
    }
  });

  it("takes and gives the batch", () => {
    for (const [number, name] of [
      [11, "x"],
      [12, "output"],
    ] as const) {
      const [info] = messages(onnx!, number);
      expect(texts(info!, 1)).toEqual([name]);
      const dims = messages(messages(messages(messages(info!, 2)[0]!, 1)[0]!, 2)[0]!, 1);
      expect(dims.map((dim) => dim.get(1)![0])).toEqual([300, 4, 6, 5]);
    }
    expect(messages(model, 8)[0]!.get(2)).toEqual([13]);
  });
});
