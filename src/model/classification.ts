/** From a classifier's outputs to classes with probabilities, and the names of ImageNet's. */
import { packageAsset } from "#platform";

/** A class with its probability (softmax of the logits). */
export interface Classification {
  readonly index: number;
  readonly probability: number;
  /** Where the weights carry names of classes. */
  readonly label?: string;
}

/** The `top` likeliest classes, the likeliest first; equal ones by their number. */
export function likeliest(logits: Float32Array, top: number, labels: readonly string[] | undefined): Classification[] {
  const probabilities = softmax(logits);
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  return order.slice(0, top).map((index) => {
    const label = labels?.[index];
    return { index, probability: probabilities[index]!, ...(label === undefined ? {} : { label }) };
  });
}

/** exp(x − max) / Σ, in float64. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** Outputs of a classifier of ImageNet. */
export const imagenetClasses = 1000;

/** The names of ImageNet's 1000 classes in the order of torchvision's classifiers (assets/README.md has their source). */
export async function imagenetLabels(): Promise<string[]> {
  const file = await packageAsset("imagenet-classes.json");
  try {
    const labels: unknown = JSON.parse(new TextDecoder().decode(await file.read(0, file.size)));
    return labels as string[];
  } finally {
    await file.close();
  }
}
