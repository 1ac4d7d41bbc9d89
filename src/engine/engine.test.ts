/** Lazy tensors: shapes known without running, one body for all devices, leaves that let go, sessions kept by structure, scopes. */
import { afterAll, describe, expect, it } from "vitest";
import type { DeviceChoice } from "../backends/select.ts";
import { ShapeError } from "../errors.ts";
import { disposeEngines, memory, sharedEngine } from "./engine.ts";
import {
  adaptiveAvgPool2d,
  add,
  batchNorm,
  conv2d,
  div,
  flatten,
  linear,
  matmul,
  maxPool2d,
  mean,
  mul,
  relu,
  reshape,
  softmax,
  sub,
} from "./functions.ts";
import { type Tensor, tensor } from "./tensor.ts";
import { using } from "./using.ts";

const devices: DeviceChoice[] = ["reference", "wasm", "webgpu"];
afterAll(disposeEngines);

const range = (n: number, scale = 1) => Float32Array.from({ length: n }, (_, i) => ((i % 11) - 5) * scale);

describe("without running", () => {
  const x = tensor(range(2 * 3 * 9 * 9), [2, 3, 9, 9]);
  const w = tensor(range(4 * 3 * 3 * 3), [4, 3, 3, 3]);

  it("knows shapes", () => {
    const y = maxPool2d(relu(conv2d(x, w, { stride: 2, padding: 1 })), { kernel: 3, stride: 2, padding: 1 });
    expect(y.shape).toEqual([2, 4, 3, 3]);
    expect(flatten(y, 1).shape).toEqual([2, 36]);
    expect(reshape(y, [2, -1, 9]).shape).toEqual([2, 4, 9]);
    expect(mean(y, { dims: [2, 3] }).shape).toEqual([2, 4]);
    expect(adaptiveAvgPool2d(y, 1).shape).toEqual([2, 4, 1, 1]);
  });

  it("says at once which op, which shapes and what was expected", () => {
    expect(() => conv2d(x, tensor(range(16), [4, 4, 1, 1]))).toThrow(ShapeError);
    expect(() => conv2d(x, tensor(range(16), [4, 4, 1, 1]))).toThrow(
      /conv2d: x is 2×3×9×9, weight is 4×4×1×1.*expected 3 in dimension 1 of weight/,
    );
    expect(() => add(x, tensor([1, 2]))).toThrow(/add.*2×3×9×9.*2/);
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow("tensor: 3 numbers for the shape 2×2, which has 4");
    expect(() => tensor([1], [1.5])).toThrow(ShapeError);
  });

  it("prints its graph", () => {
    const lines = relu(conv2d(x, w, { padding: 1 }))
      .graph()
      .toString()
      .split("\n");
    expect(lines).toEqual([
      "input  2×3×9×9  = input",
      "conv2d  2×4×9×9  = conv2d(x=input, weight=constant)  {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1}",
      "relu  2×4×9×9  = relu(x=conv2d)",
      "→ relu",
    ]);
  });
});

describe.each(devices)("on %s", (device) => {
  it("computes, and the tensor is a leaf from then on", async () => {
    const a = tensor([1, -2, 3, -4], [2, 2]);
    const y = relu(add(mul(a, 2), tensor([10, 1])));
    expect(await y.array({ device })).toEqual([
      [12, 0],
      [16, 0],
    ]);
    expect(y.origin.kind).toBe("data");
    expect([...(await sub(y, a).data({ device }))]).toEqual([11, 2, 13, 4]);
  });

  it("gives a copy that is the caller's", async () => {
    const y = relu(tensor([1, 2]));
    (await y.data({ device }))[0] = 99;
    expect([...(await y.data({ device }))]).toEqual([1, 2]);
  });

  it("runs a graph of many ops, batch and all", async () => {
    const x = tensor(range(3 * 2 * 6 * 6, 0.25), [3, 2, 6, 6]);
    const w = tensor(range(5 * 2 * 9, 0.1), [5, 2, 3, 3]);
    const statistics = {
      mean: tensor(range(5)),
      variance: tensor([1, 2, 3, 4, 5]),
      weight: tensor(range(5, 0.5)),
      bias: tensor(range(5)),
    };
    const build = () => {
      const convolved = relu(batchNorm(conv2d(x, w, { padding: 1 }), statistics));
      const pooled = flatten(adaptiveAvgPool2d(maxPool2d(convolved, { kernel: 2 }), 1), 1);
      return softmax(div(linear(pooled, tensor(range(20, 0.3), [4, 5]), tensor(range(4))), 2), 1);
    };
    const expected = await build().data({ device: "reference" });
    const actual = await build().data({ device });
    for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });

  it("computes a weight first that is itself computed", async () => {
    const w = mul(tensor([1, 2, 3, 4], [2, 2]), 3);
    const y = linear(tensor([1, 1], [1, 2]), w);
    expect([...(await y.data({ device }))]).toEqual([9, 21]);
    expect(w.origin.kind).toBe("data");
  });

  it("multiplies matrices, and takes scalars, and an input that is its own output", async () => {
    expect(await matmul(tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2])).array({ device })).toEqual([
      [19, 22],
      [43, 50],
    ]);
    expect(await add(tensor(2), 3).array({ device })).toBe(5);
    expect(await tensor([7]).array({ device })).toEqual([7]);
    expect(await reshape(tensor([1, 2]), [2, 1]).array({ device })).toEqual([[1], [2]]);
  });

  it("keeps one session for graphs of one structure: a loop compiles and allocates once", async () => {
    const w = tensor(range(4), [2, 2]);
    const step = (x: Tensor) => relu(add(linear(x, w), 1));
    let x = tensor([0.5, -0.5], [1, 2]);
    await step(x).data({ device });
    const engine = await sharedEngine(device);
    const before = engine.counters();
    for (let i = 0; i < 5; i++) {
      x = step(x);
      await x.data({ device });
    }
    expect(engine.counters()).toEqual(before);
  });

  it("rejects with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(relu(tensor([1])).data({ device, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("describes its plan", async () => {
    const text = await relu(conv2d(tensor(range(9), [1, 1, 3, 3]), tensor([2], [1, 1, 1, 1]))).plan({ device });
    expect(text).toMatch(new RegExp(`^device: ${device} \\(.+\\)\\n\\n`)); // named: there is no reason to give
    expect(text).toContain("conv2d(x=input, weight=constant)");
    if (device !== "reference")
      for (const pass of ["traced", "fold-batch-norm", "fuse-epilogue", "choose-variants", "assign-layout", "plan"])
        expect(text).toContain(`${pass}:\n`);
    if (device !== "reference") expect(text).toMatch(/relu {2}×1 {2}conv2d\.\S+ {2}#\d+ → #\d+/);
  });
});

describe("auto", () => {
  it("says in the plan what it took and why", async () => {
    const { info, reason } = await sharedEngine("auto");
    const [first] = (await relu(tensor([1])).plan()).split("\n");
    expect(reason).toMatch(/\S/);
    expect(first).toBe(`device: ${info.device} (${info.description}); auto took it: ${reason}`);
  });
});

describe("memory and scopes", () => {
  it("frees device memory with the engines", async () => {
    await relu(tensor([1])).data({ device: "wasm" });
    await disposeEngines();
    expect(memory()).toEqual({ buffers: 0, bytes: 0 });
  });

  it("disposes what a scope made, but for what it returns and that is computed from", async () => {
    let inner: Tensor | undefined;
    const kept = using(() => {
      const x = tensor([1, 2]);
      inner = mul(x, 5);
      return add(x, 1);
    });
    expect(() => inner!.origin).toThrow(/used after dispose/);
    expect([...(await kept.data({ device: "reference" }))]).toEqual([2, 3]);
  });

  it("refuses a scope whose body goes on after it", () => {
    const later = async () => relu(tensor([1]));
    expect(() => using(later)).toThrow("using: the body gives a promise");
  });

  it("says that a disposed tensor was used", () => {
    const x = tensor([1]);
    x.dispose();
    x.dispose();
    expect(() => relu(x)).toThrow("tensor of 1: used after dispose()");
  });
});
