/**
 * A linear classifier: multinomial logistic regression with an L2 penalty, the same minimum as scikit-learn's LogisticRegression(C=1), whose
 * objective is Σ over images of −log softmax(W·x + b)[class] + |W|² / 2C, the intercepts not penalised.
 */
import { softmax } from "../model/classification.ts";
import { createPacer } from "../tensor/pacer.ts";
import { minimize } from "./minimize.ts";

export interface LinearClassifier {
  /** [classes, numbers], row-major, and one intercept a class. */
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
  /** Whether the solver came as near as it was asked to. */
  readonly converged: boolean;
  /** The likeliest class. */
  predict(vector: Float32Array): number;
}

export interface TrainOptions {
  /** Inverse strength of the penalty: 1 unless told, as scikit-learn. */
  readonly c?: number;
  /** Largest part of the mean gradient at the end, 1e-4 unless told, as scikit-learn. */
  readonly tolerance?: number;
  readonly iterations?: number;
  readonly signal?: AbortSignal;
}

/** Trains on `vectors` (equally long) whose classes are `labels`, whole numbers below `classes`. */
export async function trainLinear(
  vectors: readonly Float32Array[],
  labels: readonly number[],
  classes: number,
  { c = 1, tolerance = 1e-4, iterations = 1000, signal }: TrainOptions = {},
): Promise<LinearClassifier> {
  const width = vectors[0]?.length ?? 0;
  const images = vectors.length;
  const interceptsAt = classes * width;
  /** The mean over the images, so that the tolerance means the same for any number of them. */
  const objective = (x: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    let loss = 0;
    for (let n = 0; n < images; n++) {
      const vector = vectors[n]!;
      const logits = logitsOf(x, vector, classes);
      const probabilities = softmax(logits);
      const label = labels[n]!;
      loss -= Math.log(Math.max(probabilities[label]!, Number.MIN_VALUE));
      for (let k = 0; k < classes; k++) {
        const error = probabilities[k]! - (k === label ? 1 : 0);
        const row = k * width;
        for (let i = 0; i < width; i++) gradient[row + i]! += error * vector[i]!;
        gradient[interceptsAt + k]! += error;
      }
    }
    let square = 0;
    for (let i = 0; i < interceptsAt; i++) {
      square += x[i]! * x[i]!;
      gradient[i]! += x[i]! / c;
    }
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= images;
    return (loss + square / (2 * c)) / images;
  };
  const found = await minimize(objective, new Float64Array(interceptsAt + classes), {
    ...{ gradient: tolerance, iterations, pace: createPacer(signal) },
  });
  const { x, converged } = found;
  return {
    weights: x.slice(0, interceptsAt),
    intercepts: x.slice(interceptsAt),
    converged,
    predict: (vector) => {
      const logits = logitsOf(x, vector, classes);
      return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    },
  };
}

/** W·x + b, from [W, b] in one array. */
function logitsOf(x: Float64Array, vector: Float32Array, classes: number): Float64Array {
  const width = vector.length;
  const logits = new Float64Array(classes);
  for (let k = 0; k < classes; k++) {
    let sum = x[classes * width + k]!;
    const row = k * width;
    for (let i = 0; i < width; i++) sum += x[row + i]! * vector[i]!;
    logits[k] = sum;
  }
  return logits;
}
