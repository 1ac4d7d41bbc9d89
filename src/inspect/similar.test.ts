import { describe, expect, it } from "vitest";
import { ResidualError } from "../errors.ts";
import type { FeatureRow, VectorRow } from "../features/features-of.ts";
import { cosineOf, duplicateGroups, nearestRows } from "./similar.ts";

const at = (degrees: number, length = 1): Float32Array =>
  Float32Array.of(length * Math.cos((degrees * Math.PI) / 180), length * Math.sin((degrees * Math.PI) / 180));
const row = (image_path: string, degrees: number, length = 1): VectorRow => ({
  image_path,
  vector: at(degrees, length),
});

async function* stream(rows: readonly FeatureRow[]): AsyncGenerator<FeatureRow, void, undefined> {
  yield* rows;
}

describe("cosineOf", () => {
  it("sees directions and no lengths", () => {
    expect(cosineOf(at(10), at(70, 9))).toBeCloseTo(0.5, 6);
    expect(cosineOf(at(0, 0), at(1))).toBe(0);
    expect(() => cosineOf(at(0), Float32Array.of(1))).toThrow(RangeError);
  });
});

describe("nearestRows", () => {
  it("keeps the nearest, the nearest first, and passes over errors", async () => {
    const error: FeatureRow = { image_path: "bad", error: new ResidualError("not-found", "bad") };
    const rows = [row("far", 90), row("near", 5), error, row("nearest", 1, 7), row("back", 180), row("also", 5)];
    const found = await nearestRows(at(0), stream(rows), 3);
    expect(found.map((one) => one.image_path)).toEqual(["nearest", "near", "also"]);
    expect(await nearestRows(at(0), stream([]), 3)).toEqual([]);
  });
});

describe("duplicateGroups", () => {
  it("links by pairs, in the order of their first images; alone is no group", async () => {
    const rows = [row("a", 0), row("x", 90), row("b", 10, 3), row("alone", 45), row("c", 20), row("y", 91)];
    const groups = await duplicateGroups(rows, Math.cos((11 * Math.PI) / 180));
    expect(groups.map((group) => group.images)).toEqual([
      ["a", "b", "c"],
      ["x", "y"],
    ]);
    expect(groups[0]!.cosine).toBeCloseTo(Math.cos(Math.PI / 18), 5);
  });
});
