/** What flatten is: torch.flatten. Dimensions startDim to endDim, both included, become one. */
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { resolveDim } from "../shape-rule.ts";

export interface FlattenAttrs {
  /** Both are counted from the end where negative. */
  readonly startDim: number;
  readonly endDim: number;
}

export function flattenShape({ startDim, endDim }: FlattenAttrs, x: Shape): Shape {
  if (x.length === 0) return flattenShape({ startDim, endDim }, [1]); // a scalar becomes a vector, as in PyTorch
  const start = resolveDim("flatten", "startDim", startDim, x);
  const end = resolveDim("flatten", "endDim", endDim, x);
  if (start > end)
    throw new ShapeError(
      `flatten: x is ${formatShape(x)}, startDim is ${startDim}, endDim is ${endDim}: expected startDim not after endDim`,
    );
  return [...x.slice(0, start), sizeOf(x.slice(start, end + 1)), ...x.slice(end + 1)];
}
