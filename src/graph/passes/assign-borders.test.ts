/** Which values get a border: those that a padding kernel reads, where nobody is in the way. That bits stay: wasm-borders.test.ts. */
import { expect, test } from "vitest";
import { fillParameters } from "../../../test/support/networks.ts";
import { add, relu } from "../../engine/functions.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { bordersOf } from "../../kernels/border.ts";
import { wasmTarget, wgslTarget } from "../../kernels/target.ts";
import { Conv2d, MaxPool2d } from "../../nn/layers.ts";
import { call, Module } from "../../nn/module.ts";
import { trace, withOutputs } from "../../nn/trace.ts";
import { compileGraph } from "../compile.ts";
import { formatGraph, type Graph } from "../graph.ts";

const wasm = wasmTarget({ relaxedSimd: true, simd: 128, threads: 1 });
const wgsl = wgslTarget({ maxWorkgroupStorageBytes: 16384, maxInvocationsPerWorkgroup: 256, software: true });

class Net extends Module {
  readonly conv1 = new Conv2d(16, 16, { kernel: 1 });
  readonly conv2 = new Conv2d(16, 16, { kernel: 3, stride: 2, padding: 1 });
  readonly down = new Conv2d(16, 16, { kernel: 1, stride: 2 });
  readonly same = new Conv2d(16, 16, { kernel: 1 });
  readonly pool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  readonly #also: (net: Net, y: Tensor) => Tensor;
  constructor(also: (net: Net, y: Tensor) => Tensor) {
    super();
    this.#also = also;
  }
  override forward(x: Tensor): Tensor {
    const y = relu(call(this.conv1, x));
    return add(relu(call(this.conv2, y)), this.#also(this, y));
  }
}

const graphOf = (also: (net: Net, y: Tensor) => Tensor): Graph => {
  const net = new Net(also);
  fillParameters(net, "borders");
  return trace(net, [16, 8, 9]);
};
const last = (graph: Graph, target: typeof wasm = wasm) => compileGraph(graph, target).passes.at(-1)!.graph;
const bordered = (graph: Graph) =>
  graph.nodes.flatMap((node) => (node.kind === "op" && bordersOf(node.attrs).output ? [node.name] : []));
const strided = (net: Net, y: Tensor) => call(net.down, y);

test("a value that is padded has one, and whoever else reads it knows", () => {
  const graph = last(graphOf(strided));
  expect(bordered(graph)).toEqual(["relu"]);
  const border = { above: 1, left: 1, below: 0, right: 1 }; // 8 rows: the last window ends with the last row
  const read = graph.nodes.filter((node) => node.kind === "op" && bordersOf(node.attrs).input);
  expect(read.map(({ name }) => name)).toEqual(["relu_1", "add"]); // conv2, and down with the sum
  for (const node of read) if (node.kind === "op") expect(bordersOf(node.attrs).input).toEqual(border);
  expect(formatGraph(graph)).toContain("nhwc in a border of 1, 1, 0, 1");
});

test("the padding kernel then has one stage and no scratch", () => {
  const steps = (graph: Graph) => compileGraph(graph, wasm).plan.steps;
  const conv = steps(graphOf(strided)).find(({ covers }) => covers.includes("conv2"))!;
  expect(conv.stages).toHaveLength(1);
  expect(conv.scratch).toEqual([]);
});

test("one that is asked for has it too, and is converted", () => {
  const graph = last(withOutputs(graphOf(strided), ["relu", "add"]));
  expect(bordered(graph)).toEqual(["relu"]);
});

test("there is none where somebody cannot read it so", () => {
  expect(bordered(last(graphOf((net, y) => call(net.pool, y))))).toEqual([]); // a pool
  expect(bordered(last(graphOf((net, y) => call(net.pool, relu(add(call(net.same, y), y))))))).toEqual([]); // as a residual
});

test("there is none where nobody pads, nor for WebGPU", () => {
  class Plain extends Module {
    readonly a = new Conv2d(16, 16, { kernel: 1 });
    readonly b = new Conv2d(16, 16, { kernel: 3, stride: 2 });
    override forward(x: Tensor): Tensor {
      return call(this.b, call(this.a, x));
    }
  }
  expect(bordered(last(trace(new Plain(), [16, 8, 9])))).toEqual([]);
  const passes = compileGraph(graphOf(strided), wgsl).passes;
  expect(bordered(passes.at(-1)!.graph)).toEqual([]);
});
