/**
 * Graphs of torch's two ONNX exporters (tools/golden/exports.py): at full size without their numbers, where each initialiser must get the name that
 * the recipe found by comparing numbers; and tiny whole, whose vectors must be torch's. And graphs that are none of a ResNet.
 */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { relativeError } from "../../../test/support/compare.ts";
import { fromRoot } from "../../../test/support/small-weights.ts";
import { preprocess } from "../../image/preprocess.ts";
import { presets } from "../../image/preset.ts";
import { constantOf } from "../../tensor/host-tensor.ts";
import type { OnnxFile, OnnxGraph } from "../../weights/onnx/onnx.ts";
import { openOnnx } from "../../weights/onnx/onnx.ts";
import type { OnnxNode } from "../../weights/onnx/onnx-messages.ts";
import { openSafetensors } from "../../weights/safetensors.ts";
import type { ModelName } from "../architectures.ts";
import { readImage } from "../image-source.ts";
import { openModel } from "../open-model.ts";
import { fitWeights } from "./fit-weights.ts";

const golden = fromRoot("test/golden/exports");
const names = JSON.parse(await readFile(join(golden, "onnx.json"), "utf8")) as Record<string, Record<string, string>>;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-exports-"));
  // All numbers lie in this file, which has holes for bytes: nobody reads them.
  await writeFile(join(folder, "weights.bin"), "");
  await truncate(join(folder, "weights.bin"), 2 ** 28);
});
afterAll(() => rm(folder, { recursive: true }));

async function openGraph(name: string): Promise<OnnxFile> {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, gunzipSync(await readFile(join(golden, `${name}.onnx.gz`))));
  return openOnnx(path);
}

it("all graphs have a table", async () => {
  const files = (await readdir(golden)).filter((file) => /^resnet.*\.onnx\.gz$/.test(file));
  expect(files.map((file) => file.replace(".onnx.gz", "")).sort()).toEqual(Object.keys(names).sort());
});

describe.each(Object.keys(names))("%s", (name) => {
  it("gets torchvision's names by its graph", async () => {
    const file = await openGraph(name);
    const model = name.split(".")[0] as ModelName;
    const fitted = await fitWeights(file);
    expect(fitted).toMatchObject({ model, classes: 1000, owner: "an ONNX graph" });
    expect(fitted.folded).toBe(!/unfolded|unoptimized|training/.test(name));
    const table = names[name]!;
    expect(fitted.state.tensors.size).toBe(Object.keys(table).length);
    for (const [ours, theirs] of Object.entries(table))
      expect(fitted.state.tensors.get(ours), ours).toBe(file.tensors.get(theirs));
    await file.close();
  });
});

describe("tiny, whole", () => {
  it.each(["torchscript", "dynamo-one-file"])("by %s: vectors are torch's", async (variant) => {
    const expected = await openSafetensors(join(golden, "tiny.safetensors"));
    const weights = gunzipSync(await readFile(join(golden, `tiny.${variant}.onnx.gz`)));
    const preset = { ...presets["torchvision-v1"], name: "64", resize: { shorter: 64 }, crop: 64 };
    await using model = await openModel({ model: "tiny", weights, device: "wasm", preset });
    expect(model.info.classes).toBe(0);
    for (const [photo, tensor] of expected.tensors) {
      // The golden's input is the middle of what torchvision's preset makes of the picture.
      const image = await readImage(fromRoot(`examples/photos/${photo}`));
      const data = middle(preprocess(image, presets["torchvision-v1"]).data, 224, 64);
      const [vectors] = await model.vectorsOf([{ shape: [3, 64, 64], dtype: "float32", data }], ["avgpool"]);
      expect(relativeError(vectors!.avgpool!, Float32Array.from(await tensor.read()))).toBeLessThan(1e-4);
    }
    await expected.close();
  });
});

function middle(data: Float32Array, side: number, crop: number): Float32Array {
  const out = new Float32Array(3 * crop * crop);
  const at = (side - crop) / 2;
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0; row < crop; row++) {
      const from = (channel * side + at + row) * side + at;
      out.set(data.subarray(from, from + crop), (channel * crop + row) * crop);
    }
  return out;
}

describe("a graph that is no ResNet is told where it differs", () => {
  /** A real graph with some nodes changed. */
  async function changed(change: (node: OnnxNode) => OnnxNode, more: Partial<OnnxGraph> = {}): Promise<unknown> {
    const file = await openGraph("resnet18.torchscript");
    const graph = { ...file.graph, nodes: file.graph.nodes.map(change), ...more };
    const error = await fitWeights({ ...file, graph } as OnnxFile).catch((e: unknown) => e);
    await file.close();
    return (error as Error).message;
  }
  const at = (name: RegExp, put: Partial<OnnxNode>) => (node: OnnxNode) =>
    name.test(node.name) ? { ...node, ...put } : node;
  const ints = (name: RegExp, key: string, values: number[]) => (node: OnnxNode) => {
    if (!name.test(node.name)) return node;
    const old = node.attributes.get(key) ?? { float: 0, int: 0, text: "", ints: [], floats: [], tensor: undefined };
    return { ...node, attributes: new Map([...node.attributes, [key, { ...old, ints: values }]]) };
  };

  it.each([
    ["another activation", at(/^\/relu\/Relu$/, { op: "Sigmoid" }), "after conv1 comes Sigmoid, expected Relu"],
    [
      "another stride",
      ints(/layer2\.0\/conv1\/Conv$/, "strides", [1, 1]),
      "layer2.0.conv1 has a stride of 1×1; 2 expected (a ResNet v1?",
    ],
    [
      "another padding",
      ints(/layer3\.1\/conv2\/Conv$/, "pads", [0, 0, 0, 0]),
      "layer3.1.conv2 has a padding of 0×0×0×0; 1 expected",
    ],
    [
      "a dilation",
      ints(/layer4\.1\/conv2\/Conv$/, "dilations", [2, 2]),
      "layer4.1.conv2 has a dilation of 2×2; 1 expected",
    ],
    ["another pool", ints(/MaxPool$/, "kernel_shape", [2, 2]), "maxpool has a kernel of 2×2; 3 expected"],
    [
      "no shortcut",
      at(/layer1\.0\/Add$/, { inputs: ["/layer1/layer1.0/conv2/Conv_output_0", "other"] }),
      "is no ResNet of torchvision's",
    ],
    ["another op at the end", at(/Gemm$/, { op: "Einsum" }), "comes Einsum, expected"],
    ["an op of a domain", at(/^\/relu\/Relu$/, { domain: "com.example" }), "after conv1 comes com.example.Relu"],
  ])("%s", async (_, change, message) => {
    expect(await changed(change)).toContain(message);
  });

  it("but a softmax may end it, and nothing behind that", async () => {
    const file = await openGraph("resnet18.torchscript");
    const logits = file.graph.nodes.find(({ op }) => op === "Gemm")!.outputs[0]!;
    const node = (op: string, input: string, output: string): OnnxNode => ({
      ...{ name: op, op, domain: "", inputs: [input], outputs: [output], attributes: new Map() },
    });
    const nodes = [...file.graph.nodes, node("Softmax", logits, "p")];
    expect(await fitWeights({ ...file, graph: { ...file.graph, nodes } } as OnnxFile)).toMatchObject({ classes: 1000 });
    await file.close();
    expect(await changed((same) => same, { nodes: [...nodes, node("TopK", "p", "k")] })).toContain(
      "after softmax comes TopK, expected the end",
    );
  });

  it("and one that runs in a circle ends", async () => {
    expect(await changed((node) => node, { inputs: [] })).toContain("takes 0 inputs");
    const identity = {
      ...{ name: "", op: "Identity", domain: "" },
      inputs: ["x"],
      outputs: ["x"],
      attributes: new Map(),
    };
    const graph: OnnxGraph = { nodes: [identity], inputs: ["y"], outputs: [], constants: new Map() };
    const file = {
      graph,
      tensors: new Map([["a", constantOf(new Float32Array(1), [1])]]),
      metadata: new Map(),
      source: "m.onnx",
      close: async () => {},
    };
    await expect(fitWeights(file)).rejects.toThrow(
      /m\.onnx: its graph is no ResNet of torchvision's: after the picture comes its end/,
    );
    const circle = { ...graph, nodes: [identity, { ...identity, op: "Conv", outputs: ["z"] }] };
    await expect(fitWeights({ ...file, graph: circle } as typeof file)).rejects.toThrow(
      "more than 100 nodes that change nothing",
    );
  });
});
