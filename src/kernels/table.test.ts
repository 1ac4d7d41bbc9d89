/** What holds for every op of the table, so that those who read it need not ask. */
import { describe, expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type OpName, opOf, table } from "./table.ts";

const names = Object.keys(table) as OpName[];

test("kernels' ids are unique in the tree and begin with their op's name and backend", () => {
  const ids = names.flatMap((name) => {
    const { wgsl, wasm } = opOf(name);
    const idsOf = (kind: string, variants: readonly { id: string }[] | "view") => {
      if (variants === "view") return [];
      for (const { id } of variants) expect(id).toMatch(new RegExp(`^${name}\\.${kind}(-[a-z0-9-]+)?$`));
      return variants.map((variant) => variant.id);
    };
    return [...idsOf("wgsl", wgsl), ...idsOf("wasm", wasm)];
  });
  expect(new Set(ids).size).toBe(ids.length);
});

describe.each(names)("%s", (name) => {
  const op = opOf(name);

  test("is listed under its own name", () => {
    expect(op.name).toBe(name);
  });

  test("names its cases uniquely, in kebab-case", () => {
    const cases = op.cases.map((testCase) => testCase.name);
    expect(new Set(cases).size).toBe(cases.length);
    for (const testCase of cases) expect(testCase).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test("has cases of more than one batch", () => {
    expect(op.cases.some(({ inputs }) => inputs.some(({ shape }) => (shape[0] ?? 1) > 1))).toBe(true);
  });

  test("says the same of shapes in all its parts", () => {
    for (const { attrs, inputs } of op.cases) {
      const shapes = inputs.map((input) => input.shape);
      const walks = op.repeats(attrs, shapes);
      expect(op.operands(attrs)).toHaveLength(shapes.length);
      const problem = op.problem(
        attrs,
        shapes.map((shape, i) => (walks?.[i] ? [1, ...shape.slice(1)] : shape)),
        walks ?? shapes.map(() => false),
      );
      expect(JSON.parse(JSON.stringify(problem))).toEqual(problem);
      const { bytes, flops } = op.cost(problem);
      if (op.wgsl !== "view")
        expect(bytes).toBeGreaterThanOrEqual(4 * sizeOf(op.shape(attrs, shapes).slice(walks ? 1 : 0)));
      expect(flops).toBeGreaterThanOrEqual(0);
    }
  });

  test("refuses an operand without numbers, naming itself and the shape", () => {
    const { attrs, inputs } = op.cases.find((testCase) => testCase.inputs[0]!.shape.length > 0)!;
    const shapes = inputs.map(({ shape }, i) => (i === 0 ? [0, ...shape.slice(1)] : shape));
    expect(() => op.shape(attrs, shapes)).toThrow(ShapeError);
    expect(() => op.shape(attrs, shapes)).toThrow(
      new RegExp(`^${name}: .*0×?.*expected every dimension to be at least 1`),
    );
  });
});
