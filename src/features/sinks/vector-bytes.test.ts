import { describe, expect, it } from "vitest";
import { ResidualError } from "../../errors.ts";
import type { FeatureRow } from "../features-of.ts";
import { npyHeader } from "./npy-rows.ts";
import { formatOfSuffix, rowFormatNames, rowFormats } from "./row-formats.ts";
import { beyondFloat16, vectorBytes } from "./vector-bytes.ts";

const error = new ResidualError("not-found", "b: not here");
const rows: FeatureRow[] = [
  { image_path: "a", vector: Float32Array.of(1, 0.1) },
  { image_path: "b", error },
  { image_path: "c", vector: Float32Array.of(65519, -2) },
];

describe("vectors as bytes", () => {
  it("have NaN where an image failed, and are rounded once to 16 bits", () => {
    const floats = new Float32Array(vectorBytes(rows, 2, false).buffer as ArrayBuffer);
    expect(floats).toEqual(Float32Array.of(1, 0.1, Number.NaN, Number.NaN, 65519, -2));
    const halves = new Uint16Array(vectorBytes(rows, 2, true).buffer as ArrayBuffer);
    expect([...halves].map((half) => half.toString(16))).toEqual(["3c00", "2e66", "7e00", "7e00", "7bff", "c000"]);
  });

  it("that 16 bits do not hold are found", () => {
    expect(beyondFloat16(Float32Array.of(1, -65520))).toBe(1);
    expect(beyondFloat16(Float32Array.of(65519.99))).toBe(-1);
  });
});

it("an NPY header ends at a multiple of 64, however long its shape is", () => {
  for (const shape of [
    [0, 0],
    [20_000, 2048],
    [123_456_789_012, 100_352],
  ] as const) {
    const header = npyHeader(shape, true);
    expect(header.length % 64).toBe(0);
    expect(header.length - 10).toBe(header[8]! + 256 * header[9]!);
    expect(new TextDecoder().decode(header.subarray(10))).toMatch(
      `{'descr': '<f2', 'fortran_order': False, 'shape': (${shape[0]}, ${shape[1]}), }`,
    );
  }
});

describe("formats", () => {
  it("are found by their suffix, whatever its case", () => {
    expect(formatOfSuffix("a.b/x.PARQUET")).toBe("parquet");
    expect(formatOfSuffix("a.npy/x")).toBeUndefined();
    expect(formatOfSuffix("x.clip-retrieval")).toBeUndefined();
    for (const name of rowFormatNames) expect(rowFormats[name].files("x").length).toBeGreaterThan(0);
  });
});
