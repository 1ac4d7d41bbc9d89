/** What reshape is: torch.reshape. The same numbers, in row-major order, under another shape. */
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";

export interface ReshapeAttrs {
  /** One dimension may be −1: what is left. In a batched graph dimension 0 must stay as it is. */
  readonly shape: readonly number[];
}

export function reshapeShape({ shape }: ReshapeAttrs, x: Shape): Shape {
  const where = `reshape: x is ${formatShape(x)}, shape is [${shape.join(", ")}]`;
  const inferred = shape.filter((dim) => dim === -1).length;
  if (inferred > 1 || !shape.every((dim) => Number.isSafeInteger(dim) && (dim >= 1 || dim === -1)))
    throw new ShapeError(`${where}: expected whole numbers of at least 1, of which one may be -1`);
  const known = sizeOf(shape.filter((dim) => dim !== -1));
  const rest = sizeOf(x) / known;
  if (inferred === 1 ? !Number.isInteger(rest) : rest !== 1)
    throw new ShapeError(
      `${where}: expected a shape of ${sizeOf(x)} numbers, not of ${inferred === 1 ? "a multiple of " : ""}${known}`,
    );
  return shape.map((dim) => (dim === -1 ? rest : dim));
}
