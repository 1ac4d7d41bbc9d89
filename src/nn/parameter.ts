/** A parameter or buffer of a module: a shape with a name to come, and a constant that loadStateDict puts in. Read late. */
import { Tensor } from "../engine/tensor.ts";
import { WeightError } from "../errors.ts";
import type { FloatArray } from "../tensor/dtype.ts";
import type { Constant } from "../tensor/host-tensor.ts";
import type { Shape } from "../tensor/shape.ts";

/** Made with its shape; `loadStateDict` says where its numbers are. Reading it before that throws WeightError (`weights-missing`). */
export class Parameter implements Constant {
  readonly shape: Shape;
  /** May be missing from a weight file: batch norms' counters, which no inference needs. */
  readonly optional: boolean;
  private source: Constant | undefined;

  constructor(shape: Shape, options: { optional?: boolean } = {}) {
    this.shape = shape;
    this.optional = options.optional ?? false;
  }

  get dtype(): Constant["dtype"] {
    return this.source?.dtype ?? "float32";
  }

  /** Sets where the numbers come from. The shape was checked by loadStateDict. */
  load(source: Constant): void {
    this.source = source;
  }

  get fresh(): boolean | undefined {
    return this.source?.fresh;
  }

  async read(): Promise<FloatArray> {
    if (!this.source)
      throw new WeightError(
        "weights-missing",
        `a parameter of shape ${this.shape.join("×")} was never loaded: call loadStateDict first`,
      );
    return this.source.read();
  }

  /** The parameter as an operand of the engine's functions. */
  get tensor(): Tensor {
    return new Tensor(this.shape, { kind: "constant", constant: this });
  }
}
