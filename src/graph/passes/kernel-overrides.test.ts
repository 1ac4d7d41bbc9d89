/** Kernels asked for by name: which node and which kernel a name finds, and what is said where it finds none. */
import { describe, expect, test } from "vitest";
import { fillParameters, ResidualNet } from "../../../test/support/networks.ts";
import { OptionError } from "../../errors.ts";
import { conv2d as conv2dOp } from "../../kernels/conv2d/conv2d.op.ts";
import { wasmTarget, wgslTarget } from "../../kernels/target.ts";
import { trace, withOutputs } from "../../nn/trace.ts";
import { compileGraph } from "../compile.ts";
import { kernelWords } from "./kernel-overrides.ts";

/** relu covers conv1, bn1, relu; relu_1 covers conv2, bn2, add, relu_1. */
function network(channels = 16) {
  const net = new ResidualNet(channels);
  fillParameters(net, "overrides");
  return trace(net, [channels, 14, 14]);
}

const fused = wasmTarget({ relaxedSimd: true, simd: 128, threads: 1 });
const plain = wasmTarget({ relaxedSimd: false, simd: 128, threads: 1 });
const wgsl = wgslTarget({ maxWorkgroupStorageBytes: 16384, maxInvocationsPerWorkgroup: 256, software: false });

/** The kernels by step. */
function kernels(overrides: Record<string, string>, target = fused, graph = network()) {
  const { plan } = compileGraph(graph, target, { overrides: new Map(Object.entries(overrides)) });
  return Object.fromEntries(plan.steps.map(({ node, variant }) => [node, variant]));
}

function messageOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a node", () => {
  test.each(["conv2", "bn2", "add", "relu_1"])("answers to %s, which it computes", (name) => {
    const found = kernels({ [name]: "conv2d.wasm-winograd-4x4-fused" });
    expect(found).toMatchObject({
      relu: "conv2d.wasm-winograd-2x2-fused",
      relu_1: "conv2d.wasm-winograd-4x4-fused",
    });
  });

  test("that stands beside what was fused of it gets the same kernel: what is asked for changes no bit", () => {
    const tapped = withOutputs(network(), ["relu_1", "conv1"]);
    expect(kernels({ conv1: "direct" }, fused, tapped)).toMatchObject({
      conv1: "conv2d.wasm-gemm-fused",
      relu: "conv2d.wasm-gemm-fused",
    });
  });

  test("may be asked for the same kernel twice, but not for two", () => {
    expect(kernels({ conv1: "direct", relu: "direct" }).relu).toBe("conv2d.wasm-gemm-fused");
    expect(messageOf(() => kernels({ conv1: "direct", relu: "winograd-2x2" }))).toBe(
      "kernel for relu: winograd-2x2 is asked for, and for conv1 direct, but both are one step (relu)",
    );
  });

  test("that is not there: one error, with the nearest or some of those that are", () => {
    expect(messageOf(() => kernels({ conv9: "direct" }))).toBe(
      "kernel for conv9: no node of that name runs a kernel; did you mean conv1 or conv2?",
    );
    expect(messageOf(() => kernels({ nothing: "direct" }))).toBe(
      "kernel for nothing: no node of that name runs a kernel; there are conv1, bn1, relu, conv2, bn2, add, relu_1",
    );
  });
});

describe("a kernel", () => {
  test.each([
    ["direct", "conv2d.wasm-gemm"],
    ["gemm", "conv2d.wasm-gemm"],
    ["winograd-2x2", "conv2d.wasm-winograd-2x2"],
    ["winograd-4x4", "conv2d.wasm-winograd-4x4"],
  ])("%s is the variant that the engine can run", (word, id) => {
    expect(kernels({ relu: word }).relu).toBe(`${id}-fused`);
    expect(kernels({ relu: word }, plain).relu).toBe(id);
  });

  test("by its id", () => {
    expect(kernels({ relu: "conv2d.wasm-gemm" }).relu).toBe("conv2d.wasm-gemm");
  });

  test("is said to be asked for in the plan", () => {
    const { plan } = compileGraph(network(), fused, { overrides: new Map([["relu", "direct"]]) });
    expect(plan.steps.find(({ node }) => node === "relu")!.reason).toBe("asked for");
  });

  test("direct is the first that takes the shape, on WebGPU too", () => {
    const { plan } = compileGraph(network(), wgsl, { overrides: new Map([["relu", "direct"]]) });
    expect(plan.steps.find(({ node }) => node === "relu")!.variant).toMatch(/^conv2d\.wgsl-gemm/);
  });

  test("that is not there, or does not take the shape: one error, with those that do and why not the others", () => {
    expect(messageOf(() => kernels({ conv1: "fast" }))).toBe(
      "kernel for conv1: there is no wasm conv2d kernel fast; here there are winograd-4x4 (conv2d.wasm-winograd-4x4-fused), " +
        "winograd-2x2 (conv2d.wasm-winograd-2x2-fused), direct or gemm (conv2d.wasm-gemm-fused), but not grouped (it has no groups)",
    );
    expect(messageOf(() => kernels({ bn2: "winograd-2x2" }, fused, network(4)))).toBe(
      "kernel for bn2: the kernel winograd-2x2 does not take this shape: its channels are no multiples of 8; here there is " +
        "direct or gemm (conv2d.wasm-gemm-fused), but not winograd-4x4 (its channels are no multiples of 8), " +
        "winograd-2x2 (its channels are no multiples of 8), grouped (it has no groups)",
    );
  });
});

test("words: an id without op, backend and rounding; the way's first", () => {
  expect(kernelWords({ id: "conv2d.wasm-winograd-2x2-fused", way: undefined })).toEqual(["winograd-2x2"]);
  expect(kernelWords({ id: "conv2d.wgsl-gemm-small", way: "direct" })).toEqual(["direct", "gemm-small"]);
  expect(kernelWords({ id: "batchNorm.wgsl", way: undefined })).toEqual(["wgsl"]);
  if (conv2dOp.wasm === "view") throw new Error("conv2d has kernels");
  expect(new Set(conv2dOp.wasm.flatMap(({ id, way }) => kernelWords({ id, way })))).toEqual(
    new Set(["winograd-4x4", "winograd-2x2", "direct", "grouped", "gemm"]),
  );
});
