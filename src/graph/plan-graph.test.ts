/** The plan: ports, steps, what is shared and what is not. */
import { describe, expect, it } from "vitest";
import { fillParameters, ResidualNet } from "../../test/support/networks.ts";
import { add, conv2d, flatten, mul, relu } from "../engine/functions.ts";
import { Tensor, tensor } from "../engine/tensor.ts";
import { wasmTarget } from "../kernels/target.ts";
import { trace, withOutputs } from "../nn/trace.ts";
import { compileGraph } from "./compile.ts";
import type { Graph } from "./graph.ts";
import { formatPlan, type Plan } from "./plan.ts";

const target = wasmTarget({ relaxedSimd: true, simd: 128, threads: 1 });
const planOf = (graph: Graph) => compileGraph(graph, target).plan;

/** Float32 numbers of the arena for one run of `batch` images. */
function arenaElements(plan: Plan<unknown>, batch: number): number {
  return plan.buffers.reduce((sum, { elements, repeat }) => sum + elements * (repeat === "batch" ? batch : repeat), 0);
}

function network(outputs: readonly string[] = ["relu_1"]): Graph {
  const net = new ResidualNet(8);
  fillParameters(net, "plan");
  return withOutputs(trace(net, [8, 5, 5]), outputs);
}

describe("planGraph", () => {
  it("repeats a network's steps once an image and an eager graph's by a number", () => {
    expect(new Set(planOf(network()).steps.map((step) => step.repeat))).toEqual(new Set(["batch"]));
    const x = tensor(new Float32Array(3 * 2 * 4), [3, 2, 2, 2]);
    expect(planOf(relu(conv2d(x, tensor([1, 2], [1, 2, 1, 1]))).graph()).steps.at(-1)!.repeat).toBe(3);
  });

  it("lets an arena grow with the batch, and taps add to it", () => {
    const plan = planOf(network());
    expect(arenaElements(plan, 3)).toBe(3 * arenaElements(plan, 1));
    expect(arenaElements(planOf(network(["relu_1", "relu", "add", "bn2", "conv1"])), 1)).toBeGreaterThan(
      arenaElements(plan, 1),
    );
  });

  it("shares a layer's packed weights between graphs of other outputs", () => {
    const keys = new Set(planOf(network()).weights.map((weight) => weight.key));
    const tapped = planOf(network(["relu_1", "add", "relu"])).weights.map((weight) => weight.key);
    expect(tapped.filter((key) => !keys.has(key))).toEqual([]);
  });

  it("never shares tables of layers of another geometry", () => {
    const w = (channels: number) => tensor(new Float32Array(channels * 4 * 9), [channels, 4, 3, 3]);
    const wide = conv2d(tensor(new Float32Array(4 * 6 * 6), [1, 4, 6, 6]), w(4)); // 4×4 positions of a width of 6
    const strided = conv2d(wide, w(4), { padding: 2, stride: 2 }); // 3×3
    const same = conv2d(tensor(new Float32Array(4 * 9 * 9), [1, 4, 9, 9]), w(4), { stride: 2 }); // 4×4 positions of a width of 9
    const keys = [strided, same].flatMap((t) => planOf(t.graph()).weights.map((weight) => weight.key));
    const tables = keys.filter((key) => !key.includes("constant"));
    expect(new Set(tables).size).toBe(3);
  });

  it("plans no step for a view, and reads through it", () => {
    const plan = planOf(flatten(relu(tensor([1, 2, 3, 4], [2, 2]))).graph());
    expect(plan.steps.map((step) => step.op)).toEqual(["relu"]);
    expect(plan.outputs[0]!.source).toEqual({ from: "buffer", id: plan.steps[0]!.output });
    expect(plan.outputs[0]!.shape).toEqual([4]);
  });

  it("writes an output over the residual that is added to it, where nobody wants that any more", () => {
    const step = (graph: Graph) => planOf(graph).steps.find(({ node }) => node === "relu_1")!;
    const w = tensor(new Float32Array(16), [4, 4, 1, 1]);
    const input = (name: string) => new Tensor([1, 4, 3, 3], { kind: "input", name });
    const inPlace = (t: Tensor) => {
      const { steps } = planOf(t.graph());
      const { inputs, output } = steps.findLast(({ op }) => op === "conv2d")!;
      return inputs.map((source) => source?.from === "buffer" && source.id === output);
    };
    expect(step(network()).inputs.at(-1)).toEqual({ from: "buffer", id: step(network()).output });
    const [x, y] = [input("x"), input("y")];
    expect(inPlace(add(conv2d(x, w), y))).toEqual([false, false, true]);
    // The convolution's windows read what would be overwritten.
    expect(inPlace(add(conv2d(x, w), x))).toEqual([false, false, false]);
    // It is read later.
    const sum = relu(conv2d(y, w));
    expect(inPlace(mul(add(conv2d(x, w), sum), sum))).toEqual([false, false, false]);
  });

  it("gives layers of one problem the same stages, to be emitted once", () => {
    const w = (seed: number) => tensor(new Float32Array(16).fill(seed), [4, 4, 1, 1]);
    const x = new Tensor([1, 4, 3, 3], { kind: "input", name: "x" });
    const two = conv2d(conv2d(x, w(1)), w(2));
    const { steps } = planOf(conv2d(conv2d(two, w(3)), w(4), { padding: 1 }).graph()); // the third leaves room for the padding
    const [first, second, third] = steps.filter(({ op }) => op === "conv2d").map(({ stages }) => stages);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("converts no image of three colours for a first convolution with padding", () => {
    const x = new Tensor([1, 3, 9, 9], { kind: "input", name: "x" });
    const w = tensor(new Float32Array(4 * 3 * 9), [4, 3, 3, 3]);
    const ops = (t: Tensor) => planOf(t.graph()).steps.map(({ op }) => op);
    expect(ops(relu(conv2d(x, w, { padding: 1 })))).toEqual(["conv2d", "convertLayout"]);
    expect(ops(relu(conv2d(x, w)))).toEqual(["convertLayout", "conv2d", "convertLayout"]);
  });

  it("says of each kernel why it was taken, by the layer's shape and what results are wanted for", () => {
    const net = new ResidualNet(16);
    fillParameters(net, "plan");
    const graph = trace(net, [16, 14, 14]);
    const reasons = (optimizeFor: "latency" | "throughput", threads: number, simd: 128 | 256) =>
      compileGraph(graph, wasmTarget({ relaxedSimd: true, simd, threads }, optimizeFor)).plan.steps.map(
        ({ node, variant, reason }) => `${node} ${variant} (${reason})`,
      );
    const latency = reasons("latency", 1, 128);
    expect(latency).toContain("relu conv2d.wasm-winograd-2x2-fused (3×3 on a small map, 14×14, for latency)");
    expect(reasons("latency", 5, 256)).toEqual(latency);
    const throughput = reasons("throughput", 1, 128);
    expect(throughput).toContain("relu conv2d.wasm-winograd-4x4-fused (3×3 on a small map, 14×14, for throughput)");
    expect(formatPlan(planOf(network()))).toContain("(it has fewer than 16 channels)");
  });

  it("prints its steps", () => {
    expect(formatPlan(planOf(network()))).toMatch(
      /^x:nhwc {2}×batch {2}\S+ {2}#\d → #\d\nrelu {2}×batch {2}conv2d\.wasm/,
    );
  });
});
