// The judgement of the smoke test can fail: far vectors, wrong shapes, numbers that are none, another device, errors.
import { expect, test } from "vitest";
import { distance, judge, type Row, report } from "./report.ts";

const vectors = [
  [1, 2, 4],
  [0.5, 0, 1],
];
const bases = { pytorch: vectors, first: vectors };
const row = (changed: number[][], device: "wasm" | "webgpu" = "wasm", ranOn: string = device): Row => ({
  runtime: "Node",
  device,
  outcome: { device: ranOn, description: "in words", vectors: changed, milliseconds: 10, version: "24.0.0" },
});

test("the distance is relative to the largest number of the photo's vector, and the worst photo counts", () => {
  expect(distance([[1, 2, 5], vectors[1] as number[]], vectors)).toBe(0.25);
  expect(distance([vectors[0] as number[], [0.5, -0.5, 1]], vectors)).toBe(0.5);
});

test("equal vectors pass and are called the same bits", () => {
  expect(judge(row(vectors), bases)).toEqual({ cells: ["2 × 3", "0.0e+0", "same bits", "10"] });
});

test.each([
  [
    "a far vector",
    row([
      [1, 2, 4.01],
      [0.5, 0, 1],
    ]),
    "further than 0.0001 from PyTorch",
  ],
  ["one vector too few", row([[1, 2, 4]]), "1 vectors, expected 2"],
  [
    "a number too few",
    row([
      [1, 2, 4],
      [0.5, 0],
    ]),
    "2 numbers, expected 3",
  ],
  [
    "a number that is none",
    row([
      [1, 2, Number.NaN],
      [0.5, 0, 1],
    ]),
    "photo 0: a number is not finite",
  ],
  ["another device", row(vectors, "webgpu", "wasm"), "ran on wasm, not on webgpu"],
  ["an error", { runtime: "Bun", device: "wasm", outcome: new Error("no such program") } as Row, "no such program"],
])("%s fails, and the row says so", (_, bad, fault) => {
  expect(judge(bad, bases).fault).toBe(fault);
  const { text, ok } = report([row(vectors), bad], bases);
  expect(ok).toBe(false);
  expect(text.split("\n").at(-1)).toMatch(new RegExp(`  NO +${fault}$`));
});

test("WebAssembly must be nearer to WebAssembly than WebGPU must be", () => {
  const near = [
    [1, 2, 4.0002],
    [0.5, 0, 1],
  ];
  expect(judge(row(near, "webgpu"), bases).fault).toBeUndefined();
  expect(judge(row(near, "wasm"), bases).fault).toBe("further than 0.00001 from the first run");
});

test("a base of zeros compares with nothing", () => {
  const zeros = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  expect(judge(row(zeros), { pytorch: zeros, first: zeros }).fault).toContain("all zero");
});
