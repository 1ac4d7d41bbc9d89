/** A small network of one kind of layer, for tests of a backend's machinery: x (batch, C, S, S) → conv 3×3 with ReLU, `depth` times → y. */
import type { Graph, GraphNode } from "../../src/graph/graph.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { hashSigned } from "./hash-fill.ts";

export interface ConvChain {
  readonly channels?: number;
  readonly size?: number;
  readonly depth?: number;
  /** Of the weights' names: `net.0.weight`. */
  readonly prefix?: string;
  /** Told the name of each weight that is read. */
  readonly onRead?: (name: string) => void;
}

export function convChain({ channels = 4, size = 6, depth = 2, prefix = "net", onRead }: ConvChain = {}): Graph {
  const shape = [1, channels, size, size];
  const weight = [channels, channels, 3, 3];
  const attrs = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1, bias: false, residual: false };
  const nodes: GraphNode[] = [{ kind: "input", id: 0, name: "x", shape, batched: true }];
  for (let i = 0; i < depth; i++) {
    const [w, conv] = [1 + 2 * i, 2 + 2 * i];
    const name = `${prefix}.${i}.weight`;
    nodes.push(
      { kind: "constant", id: w, name, shape: weight, batched: false, constant: constant(name, weight, onRead) },
      {
        ...{ kind: "op", id: conv, name: `${prefix}.${i}`, shape, batched: true, op: "conv2d" },
        ...{ attrs: { ...attrs, relu: true }, inputs: [conv - 2, w], covers: [`${prefix}.${i}`] },
      },
    );
  }
  return { nodes, outputs: [{ name: "y", node: 2 * depth }], aliases: new Map() };
}

function constant(name: string, shape: Shape, onRead: ConvChain["onRead"]) {
  const read = async () => {
    onRead?.(name);
    return hashSigned(name, sizeOf(shape), 0.2);
  };
  return { shape, dtype: "float32" as const, read };
}

/** Images `first` to `first + count − 1` of an endless row, as a run's inputs. */
export function chainImages(first: number, count: number, { channels = 4, size = 6 }: ConvChain = {}) {
  const one = channels * size * size;
  const data = new Float32Array(count * one);
  for (let i = 0; i < count; i++) data.set(hashSigned(`image ${first + i}`, one), i * one);
  return new Map<string, HostTensor>([["x", { shape: [count, channels, size, size], dtype: "float32", data }]]);
}
