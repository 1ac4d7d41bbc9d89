/** Each pass by itself: what it makes of a graph, printed before and after, and what it must leave alone. */
import { describe, expect, it } from "vitest";
import { fillParameters, ResidualNet } from "../../../test/support/networks.ts";
import { add, conv2d, flatten, mul, relu } from "../../engine/functions.ts";
import { Tensor, tensor } from "../../engine/tensor.ts";
import { wasmTarget, wgslTarget } from "../../kernels/target.ts";
import { BatchNorm2d, Conv2d } from "../../nn/layers.ts";
import { call, Module } from "../../nn/module.ts";
import { trace, withOutputs } from "../../nn/trace.ts";
import { formatGraph, type Graph, pruneGraph } from "../graph.ts";
import { assignLayout } from "./assign-layout.ts";
import { chooseVariants } from "./choose-variants.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import { fuseEpilogue } from "./fuse-epilogue.ts";

const wgsl = wgslTarget({ maxWorkgroupStorageBytes: 16384, maxInvocationsPerWorkgroup: 256, software: true });
const wasm = wasmTarget({ relaxedSimd: true, simd: 128, threads: 1 });

function traced(channels = 4): Graph {
  const net = new ResidualNet(channels);
  fillParameters(net, "passes");
  return trace(net, [channels, 6, 6]);
}

/** Names and ops of the nodes that run. */
function ops(graph: Graph): string[] {
  return pruneGraph(graph).nodes.flatMap((node) => (node.kind === "op" ? [`${node.name}:${node.op}`] : []));
}

function attrsOf(graph: Graph, name: string): object | undefined {
  const node = graph.nodes.find((candidate) => candidate.name === name);
  return node?.kind === "op" ? node.attrs : undefined;
}

describe("fold-batch-norm", () => {
  it("makes one convolution with a bias of a convolution and its norm, and prints so", () => {
    const before = traced();
    const after = foldBatchNorm(before);
    expect(ops(before)).toEqual([
      ...["conv1:conv2d", "bn1:batchNorm", "relu:relu", "conv2:conv2d", "bn2:batchNorm", "add:add", "relu_1:relu"],
    ]);
    expect(ops(after)).toEqual(["bn1:conv2d", "relu:relu", "bn2:conv2d", "add:add", "relu_1:relu"]);
    expect(formatGraph(before)).toContain("bn1  batch×4×6×6  = batchNorm(x=conv1, mean=bn1.running_mean");
    expect(formatGraph(pruneGraph(after))).toContain(
      "bn1  batch×4×6×6  = conv2d(x=x, weight=bn1(conv1.weight), bias=bn1(conv1.bias))",
    );
    expect(formatGraph(pruneGraph(after))).toContain("covers conv1 + bn1");
  });

  it("folds in float64, from unrounded values", async () => {
    const net = new ResidualNet(2);
    fillParameters(net, "fold");
    const graph = foldBatchNorm(trace(net, [2, 3, 3]));
    const constant = (name: string) => {
      const node = graph.nodes.find((candidate) => candidate.name === name);
      if (node?.kind !== "constant") throw new Error(`no constant ${name}`);
      return node.constant.read();
    };
    const [w, mean, variance, gamma, beta, c] = await Promise.all(
      [net.conv2.weight, net.bn2.running_mean, net.bn2.running_var, net.bn2.weight, net.bn2.bias, net.conv2.bias!].map(
        (p) => p.read(),
      ),
    );
    const scale = gamma!.map((g, o) => g / Math.sqrt(variance![o]! + 1e-5));
    const foldedWeight = await constant("bn2(conv2.weight)");
    const foldedBias = await constant("bn2(conv2.bias)");
    expect(foldedWeight).toBeInstanceOf(Float64Array);
    for (let i = 0; i < w!.length; i++) {
      const o = Math.floor(i / 18);
      expect(foldedWeight[i]).toBe(w![i]! * (gamma![o]! / Math.sqrt(variance![o]! + 1e-5)));
    }
    expect(foldedBias[1]).toBeCloseTo(beta![1]! + (c![1]! - mean![1]!) * scale[1]!, 6);
  });

  it("reads nothing: a network without weights can be folded", () => {
    expect(() => foldBatchNorm(trace(new ResidualNet(3), [3, 4, 4]))).not.toThrow();
  });

  it("leaves a norm alone whose convolution is used by another as well", () => {
    class Shared extends Module {
      readonly conv = new Conv2d(2, 2, { kernel: 1 });
      readonly bn = new BatchNorm2d(2);
      override forward(x: Tensor): Tensor {
        const y = call(this.conv, x);
        return add(call(this.bn, y), y);
      }
    }
    expect(ops(foldBatchNorm(trace(new Shared(), [2, 3, 3])))).toEqual(["conv:conv2d", "bn:batchNorm", "add:add"]);
  });
});

describe("fuse-epilogue", () => {
  it("takes the residual and both ReLUs into the convolutions", () => {
    const after = fuseEpilogue(foldBatchNorm(traced()));
    expect(ops(after)).toEqual(["relu:conv2d", "relu_1:conv2d"]);
    expect(attrsOf(after, "relu_1")).toMatchObject({ bias: true, residual: true, relu: true });
    expect(formatGraph(pruneGraph(after))).toContain("covers conv2 + bn2 + add + relu_1");
  });

  it("keeps what is asked for, computed by the same kernel without the later parts, and changes nothing else", () => {
    const plain = pruneGraph(fuseEpilogue(foldBatchNorm(traced())));
    const tapped = pruneGraph(
      fuseEpilogue(foldBatchNorm(withOutputs(traced(), ["relu_1", "add", "bn2", "conv2", "conv1"]))),
    );
    expect(ops(tapped)).toEqual([
      ...["conv1:conv2d", "relu:conv2d", "conv2:conv2d", "bn2:conv2d", "add:conv2d", "relu_1:conv2d"],
    ]);
    expect(attrsOf(tapped, "add")).toMatchObject({ bias: true, residual: true, relu: false });
    expect(attrsOf(tapped, "bn2")).toMatchObject({ bias: true, residual: false, relu: false });
    expect(attrsOf(tapped, "conv1")).toMatchObject({ bias: false, residual: false, relu: false });
    const line = (graph: Graph, name: string) =>
      formatGraph(graph)
        .split("\n")
        .find((text) => text.startsWith(`${name} `));
    for (const name of ["relu", "relu_1"]) expect(line(tapped, name)).toBe(line(plain, name));
  });

  it("does not fuse an addition that broadcasts, of a value to itself, or of a convolution used elsewhere", () => {
    const w = tensor(new Float32Array(4), [2, 2, 1, 1]);
    const input = () => new Tensor([1, 2, 3, 3], { kind: "input", name: "x" });
    const broadcast = add(conv2d(input(), w), tensor([1, 2], [2, 1, 1]));
    expect(ops(fuseEpilogue(broadcast.graph()))).toEqual(["conv2d:conv2d", "add:add"]);
    const y = conv2d(input(), w);
    expect(ops(fuseEpilogue(add(y, y).graph()))).toEqual(["conv2d:conv2d", "add:add"]);
    const z = conv2d(input(), w);
    expect(ops(fuseEpilogue(mul(relu(z), z).graph()))).toEqual(["conv2d:conv2d", "relu:relu", "mul:mul"]);
  });
});

describe.each([
  ["wgsl", wgsl],
  ["wasm", wasm],
] as const)("choose-variants and assign-layout for %s", (kind, target) => {
  it("names a kernel for each node that runs", () => {
    const chosen = chooseVariants<unknown>(pruneGraph(fuseEpilogue(foldBatchNorm(traced()))), target);
    for (const node of chosen.nodes)
      if (node.kind === "op") expect(node.variant).toMatch(new RegExp(`^conv2d\\.${kind}`));
  });

  it("converts where a value enters, where it is flattened and where it leaves, and once only", () => {
    const net = new ResidualNet(4);
    class Flat extends Module {
      readonly net = net;
      override forward(x: Tensor): Tensor {
        return flatten(call(this.net, x), 1);
      }
    }
    const graph = withOutputs(trace(new Flat(), [4, 6, 6]), ["flatten", "net.relu_1"]);
    const chosen = chooseVariants<unknown>(pruneGraph(fuseEpilogue(foldBatchNorm(graph))), target);
    const laidOut = assignLayout<unknown>(chosen, target);
    expect(ops(laidOut)).toEqual([
      ...["x:nhwc:convertLayout", "net.relu:conv2d", "net.relu_1:conv2d"],
      ...["net.relu_1:nchw:convertLayout", "flatten:flatten"],
    ]);
    const [flat, tap] = laidOut.outputs;
    expect(laidOut.nodes.find((node) => node.id === flat!.node)!.name).toBe("flatten");
    expect(laidOut.nodes.find((node) => node.id === tap!.node)!.name).toBe("net.relu_1:nchw");
  });
});
