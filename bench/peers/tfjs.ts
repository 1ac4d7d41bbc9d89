/**
 * TensorFlow.js on a backend that its caller has imported: NHWC, as it prefers, each convolution with bias and ReLU through tf.fused.conv2d. It has no fused
 * residual: there the addition and the ReLU are ops of their own.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { OpNode } from "../../src/graph/graph.ts";
import type { AdaptiveAvgPool2dAttrs } from "../../src/kernels/adaptive-avg-pool2d/adaptive-avg-pool2d.problem.ts";
import type { Conv2dAttrs } from "../../src/kernels/conv2d/conv2d.problem.ts";
import type { LinearAttrs } from "../../src/kernels/linear/linear.problem.ts";
import type { MaxPool2dAttrs } from "../../src/kernels/max-pool2d/max-pool2d.problem.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { foldedGraph, type Runner, readFloat32, type Workload } from "../common/runner.ts";
import { permute } from "./permute.ts";

/** Throws where `backend` cannot be had. */
export async function openTfjs(backend: "webgpu" | "wasm", { graph, inputs, batch }: Workload): Promise<Runner> {
  await tf.setBackend(backend);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error(`TensorFlow.js took its backend ${tf.getBackend()}, not ${backend}`);

  const { nodes, outputs } = foldedGraph(graph);
  const weights = new Map<number, tf.Tensor>();
  for (const node of nodes)
    if (node.kind === "constant") {
      const tensor = { shape: node.shape, data: await readFloat32(node.constant) };
      weights.set(node.id, upload(toWeightLayout(tensor)));
    }
  const hosts = new Map([...inputs].map(([name, tensor]) => [name, toNhwc(tensor)]));

  const forward = (): tf.Tensor => {
    const values = new Map(weights);
    for (const node of nodes) {
      if (node.kind === "input") values.set(node.id, upload(hosts.get(node.name)!));
      else if (node.kind === "op") values.set(node.id, apply(node, values, batch));
    }
    return values.get(outputs[0]!.node)!;
  };
  return {
    version: tf.version_core,
    layout: "nhwc",
    run: async () => {
      const y = tf.tidy(forward);
      const data = await y.data();
      y.dispose();
      return data;
    },
    dispose: async () => {
      for (const tensor of weights.values()) tensor.dispose();
    },
  };
}

function apply(node: OpNode, values: ReadonlyMap<number, tf.Tensor>, batch: number): tf.Tensor {
  const [x, second, ...rest] = node.inputs.map((id) => values.get(id)!) as [tf.Tensor, ...tf.Tensor[]];
  switch (node.op) {
    case "conv2d": {
      const { stride, padding, dilation, groups, bias, residual, relu } = node.attrs as Conv2dAttrs;
      if (groups !== 1) throw new Error(`${node.name}: TensorFlow.js has no grouped convolutions`);
      const sum = tf.fused.conv2d({
        ...{ x, filter: second!, strides: stride, pad: paddingOf(padding), dilations: dilation },
        bias: bias ? rest[0] : undefined,
        activation: relu && !residual ? "relu" : "linear",
      });
      if (!residual) return sum;
      const added = tf.add(sum, rest.at(-1)!);
      return relu ? tf.relu(added) : added;
    }
    case "maxPool2d": {
      const { kernel, stride, padding } = node.attrs as MaxPool2dAttrs;
      return tf.maxPool(x, kernel, stride, paddingOf(padding));
    }
    case "adaptiveAvgPool2d": {
      const { outputSize } = node.attrs as AdaptiveAvgPool2dAttrs;
      if (outputSize.some((size) => size !== 1)) throw new Error(`${node.name}: expected an output of 1×1`);
      return tf.mean(x, [1, 2], true);
    }
    case "flatten":
      return tf.reshape(x, [batch, node.shape[1]!]); // of 1×1 maps alone, whose numbers lie alike in both layouts
    case "linear":
      return tf.fused.matMul({ a: x, b: second!, bias: (node.attrs as LinearAttrs).bias ? rest[0] : undefined });
    default:
      throw new Error(`${node.name}: ${node.op} is not written for TensorFlow.js`);
  }
}

function paddingOf([y, x]: readonly [number, number]): tf.Padding {
  return [
    [0, 0],
    [y, y],
    [x, x],
    [0, 0],
  ];
}

type Plain = Pick<HostTensor, "shape" | "data">;

function upload({ shape, data }: Plain): tf.Tensor {
  return tf.tensor(data, shape, "float32");
}

function toNhwc(tensor: Plain): Plain {
  return tensor.shape.length === 4 ? permute(tensor, [0, 2, 3, 1]) : tensor;
}

/** OIHW → HWIO, O×K → K×O; vectors as they are. */
function toWeightLayout(tensor: Plain): Plain {
  if (tensor.shape.length === 4) return permute(tensor, [2, 3, 1, 0]);
  return tensor.shape.length === 2 ? permute(tensor, [1, 0]) : tensor;
}
