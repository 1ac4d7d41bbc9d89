/**
 * Winograd's convolution by minimal filtering, F(m×m, 3×3) (A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2015,
 * arXiv:1509.09308): m×m outputs from s×s inputs, s = m + 2, by s² instead of 9·m² products,
 *
 *   Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
 *
 * for every pair of channels; ⊙ summed over input channels is s² matrix products. F(4) interpolates at 0, ±1/√2, ±√2 and ∞: its rounding
 * errors are about half of those with 0, ±1, ±2 and ∞ (B. Barabasz and others, Error Analysis and Improving the Accuracy of Winograd
 * Convolution for Deep Neural Networks, 2020, arXiv:1803.10986). F(2) interpolates at 0, ±1 and ∞ and is more exact than the definition.
 */

export interface Winograd {
  /** m: outputs of a tile along an axis. */
  readonly outputs: 2 | 4;
  /** s: inputs of a tile along an axis. */
  readonly inputs: 4 | 6;
  /** Bᵀ: s rows of s. */
  readonly input: readonly (readonly number[])[];
  /** G: s rows of 3. */
  readonly kernel: readonly (readonly number[])[];
  /** Aᵀ: m rows of s. */
  readonly output: readonly (readonly number[])[];
}

const r = Math.SQRT2;

export const winograd4: Winograd = {
  outputs: 4,
  inputs: 6,
  input: [
    [1, 0, -5 / 2, 0, 1, 0],
    [0, -r, -2, r / 2, 1, 0],
    [0, r, -2, -r / 2, 1, 0],
    [0, -r / 2, -1 / 2, r, 1, 0],
    [0, r / 2, -1 / 2, -r, 1, 0],
    [0, 1, 0, -5 / 2, 0, 1],
  ],
  kernel: [
    [1, 0, 0],
    [-2 / 3, -r / 3, -1 / 3],
    [-2 / 3, r / 3, -1 / 3],
    [1 / 6, r / 6, 1 / 3],
    [1 / 6, -r / 6, 1 / 3],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 1, 1, 0],
    [0, r / 2, -r / 2, r, -r, 0],
    [0, 1 / 2, 1 / 2, 2, 2, 0],
    [0, r / 4, -r / 4, 2 * r, -2 * r, 1],
  ],
};

export const winograd2: Winograd = {
  outputs: 2,
  inputs: 4,
  input: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, -1, 0, 1],
  ],
  kernel: [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 0],
    [0, 1, -1, 1],
  ],
};

/**
 * A function that computes G g Gᵀ of one 3×3 kernel, in float64: of the nine numbers of `g` from `at`, s² into `out`, row-major. Millions
 * of kernels go through it while a model opens, so G lies flat and nothing is allocated.
 */
export function kernelTransform({ kernel, inputs }: Winograd) {
  const flat = Float64Array.from(kernel.flat());
  return (g: ArrayLike<number>, at: number, out: Float64Array): void => {
    for (let i = 0; i < inputs; i++) {
      const a = flat[3 * i]!;
      const b = flat[3 * i + 1]!;
      const c = flat[3 * i + 2]!;
      // Row i of G g: one number for each column of g.
      const left = a * g[at]! + b * g[at + 3]! + c * g[at + 6]!;
      const middle = a * g[at + 1]! + b * g[at + 4]! + c * g[at + 7]!;
      const right = a * g[at + 2]! + b * g[at + 5]! + c * g[at + 8]!;
      for (let j = 0; j < inputs; j++)
        out[i * inputs + j] = left * flat[3 * j]! + middle * flat[3 * j + 1]! + right * flat[3 * j + 2]!;
    }
  };
}
