/** The check of what a network gives: a vector with NaN in it would pass through every sum and file as if it were one. */
import { WeightError } from "../errors.ts";

/**
 * The error of a vector that holds NaN or an infinity, or undefined. The weights are to blame: pixels are bounded.
 * `image`, `layer` and `weights` are names for the message.
 */
export function finiteError(
  vector: Float32Array,
  { image, layer, weights }: { readonly image: string; readonly layer: string; readonly weights: string },
): WeightError | undefined {
  const at = vector.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return undefined;
  return new WeightError(
    "weights-not-finite",
    `${image}: number ${at} of its vector at ${layer} is ${vector[at]}: numbers in ${weights} are NaN or too large, or a running variance is negative`,
  );
}
