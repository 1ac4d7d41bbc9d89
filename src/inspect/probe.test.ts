/** The linear classifier and its folds beside scikit-learn 1.9.1's; the numbers are what tools/check_probe.py prints. */
import { describe, expect, it } from "vitest";
import { hashSigned } from "../../test/support/hash-fill.ts";
import { trainLinear } from "./logistic-regression.ts";
import { minimize } from "./minimize.ts";
import { probeVectors, stratifiedFolds } from "./probe.ts";

const labels = Array.from({ length: 91 }, (_, i) => [0, 0, 1, 2, 1][i % 5]!);
const numbers = hashSigned("probe", 91 * 6);
const vectors = labels.map((label, i) => {
  const vector = numbers.slice(6 * i, 6 * i + 6);
  vector[label]! += 0.75;
  return vector;
});
const names = ["a", "b", "c"];

describe("a linear classifier", () => {
  it("has scikit-learn's coefficients", async () => {
    const { weights, intercepts, converged } = await trainLinear(vectors, labels, 3, { tolerance: 1e-9 });
    expect(converged).toBe(true);
    const theirs = [
      [1.126828, -0.52021, -0.773952, -0.484424, 0.029787, 0.362188],
      [-0.155115, 0.946821, -0.448558, 0.430484, 0.265057, -0.221375],
      [-0.971713, -0.426611, 1.22251, 0.053941, -0.294845, -0.140812],
    ].flat();
    for (const [i, value] of theirs.entries()) expect(weights[i]).toBeCloseTo(value, 5);
    for (const [i, value] of [0.267674, 0.23907, -0.506745].entries()) expect(intercepts[i]).toBeCloseTo(value, 5);
  });

  it("stops at the signal, and says when it stopped before it was settled", async () => {
    expect((await trainLinear(vectors, labels, 3, { tolerance: 1e-9, iterations: 2 })).converged).toBe(false);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(trainLinear(vectors, labels, 3, { signal })).rejects.toThrow("enough");
  });
});

describe("folds", () => {
  it("are scikit-learn's", () => {
    const theirs = Array.from({ length: 91 }, (_, i) => (i < 23 ? 0 : i < 46 ? 1 : i < 69 ? 2 : 3));
    expect(stratifiedFolds(labels, 3, 4)).toEqual(theirs);
  });

  it("give scikit-learn's accuracies", async () => {
    const result = await probeVectors(vectors, labels, names);
    const theirs = [13 / 19, 11 / 18, 8 / 18, 14 / 18, 12 / 18];
    for (const [fold, accuracy] of theirs.entries()) expect(result.folds[fold]).toBeCloseTo(accuracy, 12);
    expect(result.accuracy).toBeCloseTo(theirs.reduce((a, b) => a + b) / 5, 12);
    expect(result.confusion.flat().reduce((a, b) => a + b)).toBe(91);
    expect(result.unconverged).toBe(0);
  });

  it("need classes, and images enough in each", async () => {
    await expect(probeVectors(vectors, labels, names, { folds: 19 })).rejects.toThrow(
      "probe: class c has 18 images with vectors, and 19 folds need at least 19; give more images, or fewer folds",
    );
    await expect(probeVectors([], [], ["a"])).rejects.toThrow("probe: 1 class; at least two are told apart");
  });
});

it("minimize finds the bottom of Rosenbrock's valley, and of a wall that is infinite beyond", async () => {
  const valley = (x: Float64Array, gradient: Float64Array): number => {
    const [a, b] = [x[0]!, x[1]!];
    gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
    gradient[1] = 200 * (b - a * a);
    return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
  };
  const found = await minimize(valley, Float64Array.of(-1.2, 1), { gradient: 1e-8, iterations: 100 });
  expect(found.converged).toBe(true);
  expect([...found.x]).toEqual([expect.closeTo(1, 7), expect.closeTo(1, 7)]);
  const wall = (x: Float64Array, gradient: Float64Array): number => {
    gradient[0] = 1 - 1 / x[0]!;
    return x[0]! > 0 ? x[0]! - Math.log(x[0]!) : Number.POSITIVE_INFINITY;
  };
  const near = await minimize(wall, Float64Array.of(0.01), { gradient: 1e-8, iterations: 100 });
  expect(near.x[0]).toBeCloseTo(1, 7);
});
