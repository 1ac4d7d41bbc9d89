/**
 * How well a linear classifier on the vectors tells classes apart: cross-validated accuracy, with scikit-learn's folds (StratifiedKFold,
 * not shuffled), so that a run there on the same vectors can be compared fold by fold.
 */
import { OptionError } from "../errors.ts";
import { type TrainOptions, trainLinear } from "./logistic-regression.ts";

export interface ProbeOptions extends TrainOptions {
  /** 5 unless told; no class may have fewer images. */
  readonly folds?: number;
}

export interface ProbeResult {
  readonly classes: readonly { readonly name: string; readonly images: number; readonly accuracy: number }[];
  readonly images: number;
  /** Mean of the folds' accuracies, and their standard deviation. */
  readonly accuracy: number;
  readonly deviation: number;
  readonly folds: readonly number[];
  /** [class, class it was taken for]: how many images, over all folds. */
  readonly confusion: readonly (readonly number[])[];
  /** Of who always names the largest class. */
  readonly chance: number;
  /** Folds whose solver stopped before it was as near as it was asked to come. */
  readonly unconverged: number;
}

/** Throws OptionError where there are fewer than two classes, or a class with fewer images than folds. */
export async function probeVectors(
  vectors: readonly Float32Array[],
  labels: readonly number[],
  names: readonly string[],
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  const { folds = 5, ...train } = options;
  const counts = names.map((_, k) => labels.filter((label) => label === k).length);
  if (names.length < 2) throw new OptionError(`probe: ${names.length} class; at least two are told apart`);
  const small = counts.findIndex((count) => count < folds);
  if (small >= 0)
    throw new OptionError(
      `probe: class ${names[small]} has ${counts[small]} images with vectors, and ${folds} folds need at least ${folds}; give more images, or fewer folds`,
    );
  const foldOf = stratifiedFolds(labels, names.length, folds);
  const confusion = names.map(() => names.map(() => 0));
  const accuracies: number[] = [];
  let unconverged = 0;
  for (let fold = 0; fold < folds; fold++) {
    const trained = [...labels.keys()].filter((i) => foldOf[i] !== fold);
    const classifier = await trainLinear(
      trained.map((i) => vectors[i]!),
      trained.map((i) => labels[i]!),
      names.length,
      train,
    );
    if (!classifier.converged) unconverged++;
    let [right, all] = [0, 0];
    for (const [i, label] of labels.entries()) {
      if (foldOf[i] !== fold) continue;
      const guess = classifier.predict(vectors[i]!);
      confusion[label]![guess]!++;
      all++;
      if (guess === label) right++;
    }
    accuracies.push(right / all);
  }
  const mean = accuracies.reduce((a, b) => a + b, 0) / folds;
  const deviation = Math.sqrt(accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0) / folds);
  const classes = names.map((name, k) => ({ name, images: counts[k]!, accuracy: confusion[k]![k]! / counts[k]! }));
  const chance = Math.max(...counts) / labels.length;
  return {
    classes,
    images: labels.length,
    accuracy: mean,
    deviation,
    folds: accuracies,
    confusion,
    chance,
    unconverged,
  };
}

/**
 * The fold of each image: scikit-learn's StratifiedKFold(shuffle=False). Classes are numbered by their first image; over the sorted labels
 * each fold takes every folds-th, which says how many of each class it gets, and a class's images go to the folds in their order.
 */
export function stratifiedFolds(labels: readonly number[], classes: number, folds: number): number[] {
  const order = [...new Set(labels)];
  const encoded = labels.map((label) => order.indexOf(label));
  const sorted = [...encoded].sort((a, b) => a - b);
  const allocation = Array.from({ length: folds }, (_, fold) => {
    const counts = new Array<number>(classes).fill(0);
    for (let i = fold; i < sorted.length; i += folds) counts[sorted[i]!]!++;
    return counts;
  });
  const given = new Array<number>(classes).fill(0);
  const queues = order.map((_, k) => allocation.flatMap((counts, fold) => new Array<number>(counts[k]!).fill(fold)));
  return encoded.map((k) => queues[k]![given[k]!++]!);
}
