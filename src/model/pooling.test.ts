import { describe, expect, it } from "vitest";
import { OptionError } from "../errors.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { checkPooling, normalizeL2, poolVector } from "./pooling.ts";

/** Two images, two channels of 2×2. */
const maps: HostTensor = {
  shape: [2, 2, 2, 2],
  dtype: "float32",
  data: Float32Array.of(1, 2, 3, 4, -1, -2, -3, -5, 10, 20, 30, 40, 0, 0, 0, 1),
};

describe("poolVector", () => {
  it("takes the mean, the largest number or the whole map, of the image that is asked for", () => {
    expect([...poolVector(maps, 0, "avg")]).toEqual([2.5, -2.75]);
    expect([...poolVector(maps, 1, "avg")]).toEqual([25, 0.25]);
    expect([...poolVector(maps, 0, "max")]).toEqual([4, -1]);
    expect([...poolVector(maps, 0, "flatten")]).toEqual([1, 2, 3, 4, -1, -2, -3, -5]);
  });

  it("leaves a layer that is a vector already as it is, and gives a copy", () => {
    const vectors: HostTensor = { shape: [2, 3], dtype: "float32", data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    for (const pool of ["avg", "max", "flatten"] as const) {
      const vector = poolVector(vectors, 1, pool);
      expect([...vector]).toEqual([4, 5, 6]);
      vector.fill(0);
      expect(vectors.data[3]).toBe(4);
    }
  });

  it("sums in float64: a small number beside a large one is not lost", () => {
    const data = Float32Array.of(2 ** 24, 1, 1, -(2 ** 24));
    expect(poolVector({ shape: [1, 1, 2, 2], dtype: "float32", data }, 0, "avg")[0]).toBe(0.5);
  });

  it("lets NaN through the maximum, wherever it stands", () => {
    for (const data of [Float32Array.of(Number.NaN, 1, 2, 3), Float32Array.of(1, 2, Number.NaN, 3)])
      expect(poolVector({ shape: [1, 1, 2, 2], dtype: "float32", data }, 0, "max")[0]).toBeNaN();
  });
});

describe("normalizeL2", () => {
  it("gives a vector of length 1, and zeros for zeros", () => {
    expect([...normalizeL2(Float32Array.of(3, 0, -4))]).toEqual([Math.fround(0.6), 0, Math.fround(-0.8)]);
    expect([...normalizeL2(Float32Array.of(0, 0))]).toEqual([0, 0]);
  });

  it("does not overflow where the squares do in float32", () => {
    expect(normalizeL2(Float32Array.of(3e30, 4e30))[1]).toBeCloseTo(0.8, 6);
  });
});

it("refuses what is no pool or normalize, with those that there are", () => {
  expect(() => checkPooling("median", undefined)).toThrow(
    new OptionError('pool "median": there is no such; use avg, max, flatten'),
  );
  expect(() => checkPooling("avg", "l1")).toThrow(/normalize "l1": there is no such; use none, l2/);
  expect(() => checkPooling(undefined, undefined)).not.toThrow();
});
