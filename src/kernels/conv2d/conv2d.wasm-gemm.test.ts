/** conv2d's WebAssembly kernels on shapes that its cases do not have: the edges of its tiles, panels, blocks and padded copies. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/compare.ts";
import { hashSigned } from "../../../test/support/hash-fill.ts";
import { opGraph, opInputs, opNodeName } from "../../../test/support/op-graph.ts";
import { openWasmBackend, type WasmBackend } from "../../backends/wasm/wasm-backend.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Conv2dAttrs } from "./conv2d.problem.ts";
import { conv2dOperands, conv2dShape } from "./conv2d.problem.ts";
import { conv2dReference } from "./conv2d.reference.ts";
import { conv2dGeometry } from "./conv2d.wasm-geometry.ts";

const plain: Conv2dAttrs = {
  ...{ stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
  ...{ bias: true, residual: false, relu: false },
};

interface Spec {
  readonly x: Shape;
  readonly weight: Shape;
  readonly attrs?: Partial<Conv2dAttrs>;
}

let backends: WasmBackend[];
beforeAll(async () => {
  backends = await Promise.all(
    [{}, { capabilities: { relaxedSimd: false } }, { capabilities: { simd: 256 as const } }, { threads: 5 }].map(
      (options) => openWasmBackend(options),
    ),
  );
});
afterAll(() => {
  for (const backend of backends) backend.dispose();
});

function operandsOf({ x, weight, attrs }: Spec): { attrs: Conv2dAttrs; operands: HostTensor[] } {
  const whole = { ...plain, ...attrs };
  const tensor = (shape: Shape, i: number): HostTensor => ({
    ...{ shape, dtype: "float32", data: hashSigned(`conv2d.wasm/${i}`, sizeOf(shape)) },
  });
  const bare = { ...whole, bias: false, residual: false };
  const shapes = { x, weight, bias: [weight[0]!], residual: conv2dShape(bare, [x, weight]) };
  return {
    attrs: whole,
    operands: conv2dOperands(whole).map(({ name }, i) => tensor(shapes[name as keyof typeof shapes], i)),
  };
}

async function check(spec: Spec): Promise<void> {
  const { attrs, operands } = operandsOf(spec);
  const expected = conv2dReference(attrs, operands);
  const graph = opGraph("conv2d", attrs, operands);
  for (const backend of backends) {
    const resident = backend.createResident();
    const session = await backend.prepare(graph, resident, { maxBatch: 1 });
    const actual = (await session.run(opInputs(graph, operands))).get(opNodeName)!;
    resident.dispose();
    expect(actual.shape).toEqual(expected.shape);
    expectClose(`${backend.info.description}, ${JSON.stringify(spec)}`, actual.data, expected.data, 1e-5);
  }
}

describe("the edges of the kernel", () => {
  const specs: Record<string, Spec> = {
    "several blocks of tiles, flat": { x: [2, 96, 30, 31], weight: [20, 96, 1, 1] },
    "several blocks of tiles, padded": {
      x: [1, 64, 37, 36],
      weight: [9, 64, 3, 3],
      attrs: { padding: [1, 1], relu: true, residual: true },
    },
    "groups of four channels over many pixels": {
      x: [1, 16, 17, 19],
      weight: [16, 4, 3, 3],
      attrs: { groups: 4, padding: [1, 1] },
    },
    "groups of four channels, a stride and a residual": {
      x: [2, 24, 9, 27],
      weight: [24, 4, 3, 3],
      attrs: { groups: 6, padding: [1, 1], stride: [2, 2], residual: true, relu: true },
    },
    "an odd number of groups of eight channels": {
      x: [2, 24, 6, 25],
      weight: [24, 8, 3, 3],
      attrs: { groups: 3, padding: [1, 1], residual: true },
    },
    "groups of eight channels, a wide window with holes": {
      x: [1, 16, 11, 17],
      weight: [16, 8, 2, 5],
      attrs: { groups: 2, padding: [0, 3], dilation: [3, 2], stride: [1, 3], bias: false },
    },
    "groups of a pointwise convolution": { x: [2, 30, 5, 5], weight: [33, 10, 1, 1], attrs: { groups: 3 } },
    "more padding than kernel": { x: [1, 3, 4, 4], weight: [5, 3, 1, 1], attrs: { padding: [2, 3] } },
    "windows in the padding alone": {
      x: [1, 2, 1, 1],
      weight: [3, 2, 2, 2],
      attrs: { padding: [5, 4], stride: [3, 3] },
    },
    "a stride that skips rows and columns": { x: [1, 3, 9, 11], weight: [4, 3, 2, 2], attrs: { stride: [4, 5] } },
    "a window as large as the image": { x: [3, 7, 6, 5], weight: [11, 7, 6, 5] },
    "padding on one axis": { x: [1, 4, 5, 9], weight: [6, 4, 3, 3], attrs: { padding: [0, 1] } },
  };
  test.each(Object.keys(specs))("%s", (name) => check(specs[name]!));

  test("those with several blocks have several", () => {
    for (const name of ["several blocks of tiles, flat", "several blocks of tiles, padded"]) {
      const { x, weight, attrs } = specs[name]!;
      const [, channels, height, width] = x as [number, number, number, number];
      const p = {
        ...{ channels, height, width, outChannels: weight[0]!, outHeight: height, outWidth: width },
        ...{ ...plain, ...attrs, kernel: [weight[2]!, weight[3]!] as const },
      };
      expect(conv2dGeometry(p, { simd: 128, threads: 1 }).blocks).toBeGreaterThan(2);
    }
  });

  test.each([1, 2, 3, 4, 5, 7, 8, 9, 12, 13])("%i output channels", (out) =>
    check({ x: [1, 5, 4, 4], weight: [out, 5, 3, 3] }),
  );
});

test("any shape, as fast-check finds them", async () => {
  const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
  const spec = fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      groups: fc.integer({ min: 1, max: 4 }),
      groupChannels: fc.integer({ min: 1, max: 9 }),
      groupOut: fc.integer({ min: 1, max: 18 }),
      size: pair(1, 13),
      kernel: pair(1, 4),
      stride: pair(1, 3),
      padding: pair(0, 3),
      dilation: pair(1, 3),
      bias: fc.boolean(),
      residual: fc.boolean(),
      relu: fc.boolean(),
    })
    .filter(({ size, kernel, padding, dilation }) =>
      size.every((n, i) => n + 2 * padding[i]! >= dilation[i]! * (kernel[i]! - 1) + 1),
    )
    .map(({ batch, groups, groupChannels, groupOut, size, kernel, ...attrs }) => ({
      x: [batch, groups * groupChannels, ...size],
      weight: [groups * groupOut, groupChannels, ...kernel],
      attrs: { ...attrs, groups },
    }));
  await fc.assert(fc.asyncProperty(spec, check), { numRuns: 120, seed: 9 });
});
