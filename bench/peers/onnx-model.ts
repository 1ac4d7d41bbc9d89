/**
 * A graph as an ONNX file (https://onnx.ai/onnx/repo-docs/IR.html; field numbers from onnx.proto3), opset 13: the ops of a ResNet. A residual
 * and a ReLU that are fused in our graph are nodes of their own here, for the engine that reads it to fuse as it can.
 */
import type { Graph, OpNode } from "../../src/graph/graph.ts";
import type { AdaptiveAvgPool2dAttrs } from "../../src/kernels/adaptive-avg-pool2d/adaptive-avg-pool2d.problem.ts";
import type { Conv2dAttrs } from "../../src/kernels/conv2d/conv2d.problem.ts";
import type { MaxPool2dAttrs } from "../../src/kernels/max-pool2d/max-pool2d.problem.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { readFloat32 } from "../common/runner.ts";
import { bytesField, type Field, integerField, message } from "./protobuf.ts";

/** The name of the file's one output. */
export const onnxOutput = "output";

/** `graph` has its batch norms folded; the file takes batches of `batch` images. Throws for an op that is not written here. */
export async function onnxModel(graph: Graph, batch: number): Promise<Uint8Array> {
  const shapeOf = (node: { shape: Shape; batched: boolean }) =>
    node.batched ? [batch, ...node.shape.slice(1)] : node.shape;
  const [output] = graph.outputs;
  const nameOf = (id: number) => (id === output!.node ? onnxOutput : `v${id}`);
  const fields: Field[] = [bytesField(2, "residual")];
  for (const node of graph.nodes) {
    if (node.kind === "constant")
      fields.push(bytesField(5, initializer(nameOf(node.id), node.shape, await readFloat32(node.constant))));
    else if (node.kind === "input") fields.push(bytesField(11, valueInfo(node.name, shapeOf(node))));
    else fields.push(...nodesOf(node, nameOf(node.id), node.inputs.map(inputName)).map((made) => bytesField(1, made)));
    if (node.id === output!.node) fields.push(bytesField(12, valueInfo(onnxOutput, shapeOf(node))));
  }
  const irVersion = integerField(1, 8);
  const opset = bytesField(8, [bytesField(1, ""), integerField(2, 13)]);
  return message([irVersion, bytesField(2, "residual bench"), bytesField(7, fields), opset]);

  function inputName(id: number): string {
    const node = graph.nodes.find((candidate) => candidate.id === id)!;
    return node.kind === "input" ? node.name : nameOf(id);
  }
}

function nodesOf(node: OpNode, output: string, inputs: string[]): Field[][] {
  const single = (type: string, attributes: Field[] = []) => [onnxNode(type, inputs, output, attributes)];
  switch (node.op) {
    case "conv2d": {
      const { stride, padding, dilation, groups, residual, relu } = node.attrs as Conv2dAttrs;
      const attributes = [ints("strides", stride), ints("pads", [...padding, ...padding]), ints("dilations", dilation)];
      const operands = residual ? inputs.slice(0, -1) : inputs;
      const steps: [string, string[], Field[]][] = [["Conv", operands, [...attributes, int("group", groups)]]];
      if (residual) steps.push(["Add", [inputs.at(-1)!], []]);
      if (relu) steps.push(["Relu", [], []]);
      // Each step takes what the step before it gave; the last gives the node's value.
      return steps.map(([type, operands, attributes], i) => {
        const before = i === 0 ? [] : [`${output}.${i - 1}`];
        return onnxNode(type, [...before, ...operands], i === steps.length - 1 ? output : `${output}.${i}`, attributes);
      });
    }
    case "maxPool2d": {
      const { kernel, stride, padding, dilation, ceilMode } = node.attrs as MaxPool2dAttrs;
      const sizes = [ints("kernel_shape", kernel), ints("strides", stride), ints("pads", [...padding, ...padding])];
      return single("MaxPool", [...sizes, ints("dilations", dilation), int("ceil_mode", ceilMode ? 1 : 0)]);
    }
    case "adaptiveAvgPool2d": {
      const { outputSize } = node.attrs as AdaptiveAvgPool2dAttrs;
      if (outputSize.some((size) => size !== 1)) throw new Error(`${node.name}: expected an output of 1×1`);
      return single("GlobalAveragePool");
    }
    case "flatten":
      return single("Flatten", [int("axis", 1)]);
    case "linear":
      return single("Gemm", [int("transB", 1)]);
    default:
      throw new Error(`${node.name}: ${node.op} is not written as ONNX`);
  }
}

function onnxNode(type: string, inputs: readonly string[], output: string, attributes: readonly Field[]): Field[] {
  const names = [...inputs.map((name) => bytesField(1, name)), bytesField(2, output), bytesField(3, output)];
  return [...names, bytesField(4, type), ...attributes.map((attribute) => bytesField(5, attribute))];
}

/** AttributeProto: type 2 is one integer. */
function int(name: string, value: number): Field {
  return message([bytesField(1, name), integerField(3, value), integerField(20, 2)]);
}

/** AttributeProto: type 7 is a list of integers. */
function ints(name: string, values: readonly number[]): Field {
  return message([bytesField(1, name), ...values.map((value) => integerField(8, value)), integerField(20, 7)]);
}

/** TensorProto: data_type 1 is float32, raw_data little-endian. */
function initializer(name: string, shape: Shape, data: Float32Array<ArrayBuffer>): Field[] {
  const dims = shape.map((size) => integerField(1, size));
  return [...dims, integerField(2, 1), bytesField(8, name), bytesField(9, new Uint8Array(data.buffer))];
}

/** ValueInfoProto → TypeProto → Tensor (elem_type 1 is float32) → TensorShapeProto. */
function valueInfo(name: string, shape: Shape): Field[] {
  const dims = bytesField(
    2,
    shape.map((size) => bytesField(1, [integerField(1, size)])),
  );
  return [bytesField(1, name), bytesField(2, [bytesField(1, [integerField(1, 1), dims])])];
}
