/**
 * The references against PyTorch: every case of the table has a golden that was made of just this case, and there are no others; the
 * reference's numbers are PyTorch's. Where a case is new or has changed, tools/golden/README.md says how to make the goldens anew.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/compare.ts";
import { casesOfGoldens, casesOfTable, type ExportedCases, openOpGoldens } from "../../test/support/golden-ops.ts";
import { caseInputs } from "../../test/support/op-graph.ts";
import type { StateDict } from "../tensor/host-tensor.ts";
import { type OpName, opOf } from "./table.ts";

/** max|a − b| / max|b|; PyTorch sums in float32. */
const limit = 1e-5;

const today = casesOfTable();
let goldens: StateDict;
let cases: ExportedCases;

beforeAll(async () => {
  [goldens, cases] = await Promise.all([openOpGoldens(), casesOfGoldens()]);
});
afterAll(() => goldens?.close());

test("there are goldens of these ops and no others", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(today).sort());
  const names = Object.entries(today).flatMap(([op, list]) => list.map((one) => `${op}/${one.name}`));
  expect([...goldens.tensors.keys()].sort()).toEqual(names.sort());
});

describe.each(Object.keys(today) as OpName[])("%s", (op) => {
  test.each(opOf(op).cases.map((testCase, i) => [testCase.name, testCase, i] as const))(
    "%s",
    async (name, testCase, i) => {
      expect(cases[op]?.find((golden) => golden.name === name)).toEqual(today[op]![i]);
      const golden = goldens.tensors.get(`${op}/${name}`)!;
      const actual = opOf(op).reference(testCase.attrs, caseInputs(op, testCase));
      expect(actual.shape).toEqual(golden.shape);
      expectClose(`${op}/${name}`, actual.data, Float32Array.from(await golden.read()), limit);
    },
  );
});
