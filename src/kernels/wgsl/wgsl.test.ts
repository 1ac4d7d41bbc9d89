/** What holds for every WGSL kernel of the table without running one: it fits the device or says why not, and so do its dispatches. */
import { describe, expect, test } from "vitest";
import type { WgslCapabilities, WgslVariant } from "../op.ts";
import { type OpName, opOf, table } from "../table.ts";
import { flatGrid, maxWorkgroupsInRow, workgroupGrid } from "./dispatch.ts";
import { bindingsText, sizeListText, sizesText } from "./shader-text.ts";

/** WebGPU's least limits, on a graphics card and in software. */
const leastDevice: WgslCapabilities = {
  maxWorkgroupStorageBytes: 16_384,
  maxInvocationsPerWorkgroup: 256,
  software: false,
};
const devices: readonly WgslCapabilities[] = [leastDevice, { ...leastDevice, software: true, subgroupSize: 4 }];
const tooSmall: WgslCapabilities = { ...leastDevice, maxWorkgroupStorageBytes: 0, maxInvocationsPerWorkgroup: 1 };

const names = (Object.keys(table) as OpName[]).filter((name) => opOf(name).wgsl !== "view");

/** The problem of each of the op's cases. */
function problemsOf(name: OpName): object[] {
  const op = opOf(name);
  return op.cases.map(({ attrs, inputs }) => {
    const shapes = inputs.map((input) => input.shape);
    const walks = op.repeats(attrs, shapes);
    const one = shapes.map((shape, i) => (walks?.[i] ? [1, ...shape.slice(1)] : shape));
    return op.problem(attrs, one, walks ?? shapes.map(() => false));
  });
}

function variantsOf(name: OpName): readonly WgslVariant<object>[] {
  const { wgsl } = opOf(name);
  return wgsl === "view" ? [] : wgsl;
}

/** Every case's problem with every kernel. */
function kernelsOf(name: OpName) {
  return problemsOf(name).flatMap((problem) => variantsOf(name).map((variant) => ({ problem, variant })));
}

describe.each(names)("%s", (name) => {
  test("has a kernel for each of its cases on the least of devices", () => {
    for (const device of devices)
      for (const problem of problemsOf(name)) {
        const verdicts = variantsOf(name).map((variant) => variant.accepts(problem, device));
        expect(verdicts).toContain(true);
      }
  });

  test("refuses a device that is too small, with a reason", () => {
    for (const { problem, variant } of kernelsOf(name)) expect(variant.accepts(problem, tooSmall)).toMatch(/\w+ \w+/);
  });

  test("dispatches any number of repeats within WebGPU's limits", () => {
    for (const device of devices)
      for (const { problem, variant } of kernelsOf(name)) {
        if (variant.accepts(problem, device) !== true) continue;
        for (const { workgroups, code } of variant.stages(problem, "nhwc", device)) {
          const grids = [1, 3, 1_000_000].map((repeat) => workgroups(repeat));
          for (const size of grids.flat())
            expect(size > 0 && size <= maxWorkgroupsInRow && Number.isInteger(size)).toBe(true);
          expect(code).toContain("@compute @workgroup_size(");
        }
      }
  });

  test("binds each argument once, in order", () => {
    for (const { problem, variant } of kernelsOf(name)) {
      if (variant.accepts(problem, leastDevice) !== true) continue;
      for (const stage of variant.stages(problem, "nhwc", leastDevice)) {
        const bindings = [...stage.code.matchAll(/@group\(0\) @binding\((\d+)\)/g)].map((match) => Number(match[1]));
        expect(bindings).toEqual(stage.arguments.map((_, i) => i));
        expect(stage.arguments.filter(({ from }) => from === "repeat")).toHaveLength(1);
      }
    }
  });
});

describe("a grid", () => {
  test("holds at least the workgroups that are asked for, in rows that WebGPU allows", () => {
    expect(workgroupGrid(1)).toEqual([1, 1, 1]);
    expect(workgroupGrid(65_535)).toEqual([65_535, 1, 1]);
    expect(workgroupGrid(65_536)).toEqual([65_535, 2, 1]);
    expect(workgroupGrid(200_000)).toEqual([65_535, 4, 1]);
  });

  test("of single numbers has 64 a workgroup", () => {
    expect(flatGrid(10)(1)).toEqual([1, 1, 1]);
    expect(flatGrid(10)(7)).toEqual([2, 1, 1]);
  });
});

test("headers are constants a line, and lists are never empty", () => {
  expect(sizesText({ ROWS: 3, DEPTH: 64 })).toBe("const ROWS: u32 = 3u;\nconst DEPTH: u32 = 64u;");
  expect(sizeListText("SHAPE", [2, 5])).toBe("const SHAPE = array<u32, 2>(2u, 5u);");
  expect(sizeListText("SHAPE", [])).toBe("const SHAPE = array<u32, 1>(0u);");
});

test("bindings say who may write", () => {
  expect(
    bindingsText([
      { name: "x", element: "vec4f", argument: { from: "input", index: 0 } },
      { name: "y", argument: { from: "output" } },
      { name: "repeats", argument: { from: "repeat" } },
    ]).split("\n"),
  ).toEqual([
    "@group(0) @binding(0) var<storage, read> x: array<vec4f>;",
    "@group(0) @binding(1) var<storage, read_write> y: array<f32>;",
    "@group(0) @binding(2) var<uniform> repeats: u32;",
  ]);
});
