/**
 * One test body for all kernels: every case of every op of the table, by every variant of the backend that takes it, against the op's
 * reference; variants of one sumOrder against one another, and batches of 1, 3 and 8 against one another, bit for bit.
 * `vitest run src/kernels/variants.test.ts -t webgpu` (or `-t "wasm maxPool2d"`).
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectClose, expectSameBits } from "../../test/support/compare.ts";
import { largeCases } from "../../test/support/large-cases.ts";
import { batchedCase, caseInputs, opGraph, opInputs, opNodeName } from "../../test/support/op-graph.ts";
import { randomCases } from "../../test/support/random-cases.ts";
import type { Backend, DeviceName } from "../backends/backend.ts";
import { openBackend } from "../backends/select.ts";
import { OptionError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { OpCase } from "./op.ts";
import { type OpName, opOf, table } from "./table.ts";

/** max|a − b| / max|b| against the reference, whose sums are in float64. */
const limit = 1e-4;

const opNames = Object.keys(table).filter((name): name is OpName => name in table);

/** A kernel of an op on a device, or the op itself where the device has none to choose from (the reference; a view). */
interface Way {
  readonly id: string | undefined;
  readonly sumOrder: string;
}

function waysOf(name: OpName, device: DeviceName): readonly Way[] {
  const op = opOf(name);
  const kernels = device === "webgpu" ? op.wgsl : device === "wasm" ? op.wasm : "view";
  return kernels === "view" ? [{ id: undefined, sumOrder: "float64" }] : kernels;
}

/** The outputs of runs of a graph of one op by one kernel, or why the kernel does not take it. */
async function runOp(
  backend: Backend,
  graph: Graph,
  { id }: Way,
  given: readonly (readonly HostTensor[])[],
): Promise<HostTensor[] | string> {
  const resident = backend.createResident();
  try {
    const overrides = id === undefined ? undefined : new Map([[opNodeName, id]]);
    const session = await backend.prepare(graph, resident, { maxBatch: 8, overrides });
    const outputs: HostTensor[] = [];
    for (const operands of given) outputs.push((await session.run(opInputs(graph, operands))).get(opNodeName)!);
    session.dispose();
    return outputs;
  } catch (error) {
    const refusal =
      error instanceof OptionError && error.message.match(/the kernel (\S+) does not take this shape: [^;]*/);
    if (refusal) return refusal[0];
    throw error;
  } finally {
    resident.dispose();
  }
}

/** The numbers of runs that must succeed. */
async function outputsOf(...[backend, graph, way, given]: Parameters<typeof runOp>): Promise<Float32Array[]> {
  const outputs = await runOp(backend, graph, way, given);
  if (typeof outputs === "string") throw new Error(outputs);
  return outputs.map((output) => output.data);
}

describe.each<DeviceName>(["webgpu", "wasm", "reference"])("%s", (device) => {
  let backend: Backend;
  /** Why a kernel does not take a shape, and the cases of which. */
  const refusals = new Map<string, Set<string>>();
  const errors = new Map<string, number>();

  beforeAll(async () => {
    ({ backend } = await openBackend({ device }));
  });
  afterAll(() => {
    backend?.dispose();
    const worst = [...errors].map(([label, error]) => `${label} ${error.toExponential(1)}`);
    console.log(`${device}: largest relative error by kernel\n  ${worst.join("\n  ")}`);
    const refused = [...refusals].map(([reason, cases]) => `${reason}: ${[...cases].join(", ")}`);
    if (refused.length > 0) console.log(`${device}: cases that a kernel does not take\n  ${refused.join("\n  ")}`);
  });

  function noteRefusal(testCase: OpCase<object>, reason: string): void {
    const cases = refusals.get(reason) ?? new Set();
    refusals.set(reason, cases.add(testCase.name));
  }

  /** The case by every kernel that takes it against the reference; kernels of one sumOrder give the same bits. */
  async function checkCase(name: OpName, testCase: OpCase<object>): Promise<void> {
    const operands = caseInputs(name, testCase);
    const expected = opOf(name).reference(testCase.attrs, operands);
    const graph = opGraph(name, testCase.attrs, operands);
    const firstOf = new Map<string, { label: string; data: Float32Array }>();
    for (const way of waysOf(name, device)) {
      const label = way.id ?? name;
      const outputs = await runOp(backend, graph, way, [operands]);
      if (typeof outputs === "string") {
        noteRefusal(testCase, outputs);
        continue;
      }
      const { shape, data } = outputs[0]!;
      expect(shape, `${label}: output's shape`).toEqual(expected.shape);
      const error = expectClose(label, data, expected.data, limit);
      errors.set(label, Math.max(error, errors.get(label) ?? 0));
      const first = firstOf.get(way.sumOrder);
      if (first) expectSameBits(`${label} and ${first.label}, both ${way.sumOrder}`, data, first.data);
      else firstOf.set(way.sumOrder, { label, data });
      await checkBatches(name, testCase, way);
    }
    expect([...firstOf.keys()], `${device} kernels of ${name} that take ${testCase.name}`).not.toEqual([]);
  }

  /** Eight images against the reference; three of them together and some alone against the eight, bit for bit. */
  async function checkBatches(name: OpName, testCase: OpCase<object>, way: Way): Promise<void> {
    const batch = batchedCase(name, testCase);
    if (!batch) return;
    const all = batch.images(0, 8);
    const graph = opGraph(name, testCase.attrs, batch.images(0, 1), batch.batched);
    const parts = [
      [5, 3],
      [0, 1],
      [3, 1],
      [7, 1],
    ] as const;
    const given = parts.map(([first, count]) => batch.images(first, count));
    const [eight, ...others] = await outputsOf(backend, graph, way, [all, ...given]);
    const size = eight!.length / 8;
    expectClose(`${way.id ?? name}, 8 images`, eight!, opOf(name).reference(testCase.attrs, all).data, limit);
    for (const [i, [first, count]] of parts.entries()) {
      const what = `${way.id ?? name}, ${count} of 8 images from image ${first}`;
      expectSameBits(what, others[i]!, eight!.subarray(first * size, (first + count) * size));
    }
  }

  for (const name of opNames)
    describe(name, () => {
      for (const testCase of opOf(name).cases) test(testCase.name, () => checkCase(name, testCase));
      test("some case has a batch", () => {
        expect(opOf(name).cases.filter((testCase) => batchedCase(name, testCase))).not.toEqual([]);
      });
    });

  describe("random shapes", () => {
    test.each(randomCases)("%s", async (name, cases) => {
      await fc.assert(
        fc.asyncProperty(cases, (testCase) => checkCase(name, testCase)),
        { numRuns: 12, seed: 1, endOnFailure: false },
      );
    });
  });

  describe("more than one dimension of workgroups", () => {
    for (const [name, testCase] of largeCases)
      test(`${name} ${testCase.name}`, async () => {
        const operands = caseInputs(name, testCase);
        const graph = opGraph(name, testCase.attrs, operands);
        const expected = opOf(name).reference(testCase.attrs, operands);
        for (const way of waysOf(name, device)) {
          const outputs = await runOp(backend, graph, way, [operands]);
          if (typeof outputs === "string") noteRefusal(testCase, outputs);
          else expectClose(way.id ?? name, outputs[0]!.data, expected.data, limit);
        }
      });
  });

  describe("what is not a number", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const window = { kernel: [1, 2], stride: [1, 2], padding: [0, 0], dilation: [1, 1], ceilMode: false };
    test.each<[OpName, object, number[], number[]]>([
      ["relu", {}, [nan, -inf, inf, -1, 0, 2], [nan, 0, inf, 0, 0, 2]],
      ["maxPool2d", window, [nan, 1, 2, nan, -inf, -inf, -inf, -3], [nan, nan, -inf, -3]],
    ])("%s passes it on", async (name, attrs, numbers, expected) => {
      const x: HostTensor = { shape: [1, 1, 1, numbers.length], dtype: "float32", data: Float32Array.from(numbers) };
      for (const way of waysOf(name, device)) {
        const [actual] = await outputsOf(backend, opGraph(name, attrs, [x]), way, [[x]]);
        expectSameBits(way.id ?? name, actual!, Float32Array.from(expected));
      }
    });
  });
});
