/** Borders of zeros instead of padded copies (graph/passes/assign-borders.ts): the bits are those of the layers run one by one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { whyNot256 } from "#platform";
import { hashSigned } from "../../../test/support/hash-fill.ts";
import { fillParameters } from "../../../test/support/networks.ts";
import { add, relu } from "../../engine/functions.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import { Conv2d, type Conv2dLayerOptions } from "../../nn/layers.ts";
import { call, Module } from "../../nn/module.ts";
import { trace, withOutputs } from "../../nn/trace.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { openWasmBackend, type WasmBackend, type WasmOptions } from "./wasm-backend.ts";

/** relu(conv(x)), with x added where told. */
class First extends Module {
  readonly conv: Conv2d;
  readonly #residual: boolean;
  constructor(channels: readonly [from: number, to: number], options: Conv2dLayerOptions, residual = false) {
    super();
    this.conv = new Conv2d(...channels, options);
    this.#residual = residual;
  }
  override forward(x: Tensor): Tensor {
    const y = call(this.conv, x);
    return relu(this.#residual ? add(y, x) : y);
  }
}

/** conv(y) + side(y): two readers of one value, one that pads and one that does not. */
class Second extends Module {
  readonly conv: Conv2d;
  readonly side: Conv2d;
  constructor(channels: readonly [from: number, to: number], options: Conv2dLayerOptions) {
    super();
    this.conv = new Conv2d(...channels, options);
    this.side = new Conv2d(...channels, { kernel: 1, stride: options.stride });
  }
  override forward(y: Tensor): Tensor {
    return add(call(this.conv, y), call(this.side, y));
  }
}

class Both extends Module {
  readonly first: First;
  readonly second: Second;
  constructor(first: First, second: Second) {
    super();
    this.first = first;
    this.second = second;
  }
  override forward(x: Tensor): Tensor {
    return call(this.second, call(this.first, x));
  }
}

const strided = { kernel: 3, stride: 2, padding: 1 } as const;
const winograd = { kernel: 3, padding: 1 } as const;
const networks: [string, readonly [channels: number, height: number, width: number], Both][] = [
  [
    "1×1 before 3×3 of stride 2",
    [16, 12, 14],
    new Both(new First([16, 40], { kernel: 1 }), new Second([40, 24], strided)),
  ],
  [
    "1×1 with its residual, odd sizes",
    [24, 13, 9],
    new Both(new First([24, 24], { kernel: 1 }, true), new Second([24, 16], strided)),
  ],
  [
    "Winograd 4×4 with its residual",
    [16, 30, 29],
    new Both(new First([16, 16], winograd, true), new Second([16, 40], strided)),
  ],
  [
    "Winograd 2×2 with its residual",
    [48, 10, 11],
    new Both(new First([48, 48], winograd, true), new Second([48, 24], strided)),
  ],
  [
    "few channels, dilated",
    [8, 11, 9],
    new Both(new First([8, 5], { kernel: 1 }), new Second([5, 7], { kernel: 3, padding: 2, dilation: 2 })),
  ],
  [
    "padding wider than what follows it",
    [8, 6, 5],
    new Both(new First([8, 12], { kernel: 1 }), new Second([12, 6], { kernel: [3, 5], stride: 3, padding: [1, 2] })),
  ],
  [
    "groups of a kernel of their own",
    [16, 10, 9],
    new Both(new First([16, 32], { kernel: 1 }), new Second([32, 32], { ...strided, groups: 8 })),
  ],
  [
    "other groups",
    [12, 9, 9],
    new Both(new First([12, 12], { ...winograd, groups: 2 }), new Second([12, 24], { ...strided, groups: 3 })),
  ],
];

const ways: [string, WasmOptions][] = [
  ["2 threads", { threads: 2 }],
  ["no shared memory, no fused multiply-add", { sharedMemory: false, capabilities: { relaxedSimd: false } }],
  ...(whyNot256() === undefined ? [["256 bits", { threads: 2, simd: "256" }] as [string, WasmOptions]] : []),
];

describe.each(ways)("%s", (_, options) => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await openWasmBackend(options);
  });
  afterAll(() => backend.dispose());

  const run = async (graph: Graph, ...inputs: HostTensor[]): Promise<Map<string, HostTensor>[]> => {
    const session = await backend.prepare(graph, backend.createResident(), { maxBatch: 3 });
    const results = [];
    for (const input of inputs) results.push(await session.run(new Map([["x", input]])));
    if (graph.outputs.length === 1) expect(session.plan.includes("with borders")).toBe(graph.nodes.some(isSecond));
    session.dispose();
    return results;
  };
  const isSecond = ({ name }: { readonly name: string }): boolean => name.startsWith("second.");

  test.each(networks)("%s", async (name, size, both) => {
    fillParameters(both, name);
    const images = (count: number): HostTensor => {
      const shape = [count, ...size];
      return { shape, dtype: "float32", data: hashSigned(name, sizeOf(shape)) };
    };
    const [{ first, second }, x] = [both, images(3)];
    const y = (await run(trace(first, size), x))[0]!.get("relu")!;
    const alone = withOutputs(trace(second, y.shape.slice(1)), ["add"]);
    const renamed = {
      ...alone,
      nodes: alone.nodes.map((node) => ({ ...node, name: node.name.replace("second.", "") })),
    };
    const z = (await run(renamed, y))[0]!.get("add")!;

    const whole = trace(both, size);
    // Twice, and with fewer images between: what is written over must not have touched a border.
    for (const result of await run(whole, x, images(1), x)) {
      const { data } = result.get("second.add")!;
      expect(data).toEqual(z.data.subarray(0, data.length));
    }
    const [tapped] = await run(withOutputs(whole, ["first.relu", "second.add"]), x);
    expect(tapped!.get("second.add")!.data).toEqual(z.data);
    expect(tapped!.get("first.relu")!.data).toEqual(y.data);
  });
});
