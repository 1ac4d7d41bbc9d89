/** reshape: the same numbers in row-major order under another shape, as torch.reshape. Runs no kernel. */
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Op } from "../op.ts";
import { expectNonEmpty } from "../shape-rule.ts";
import { reshapeCases } from "./reshape.cases.ts";
import { type ViewProblem, viewProblem, viewReference, viewRepeats } from "./reshape.problem.ts";

export interface ReshapeAttrs {
  /** One dimension may be −1: what is left. In a batched graph dimension 0 must stay as it is. */
  readonly shape: readonly number[];
}

export const reshape: Op<ReshapeAttrs, ViewProblem> = {
  name: "reshape",
  operands: () => [{ name: "x", role: "value" }],
  shape: (attrs, [x]) => reshapeShape(attrs, x!),
  repeats: (attrs, [x]) => viewRepeats(x!, reshapeShape(attrs, x!)),
  problem: (_, [x]) => viewProblem(x!),
  cost: () => ({ flops: 0, bytes: 0 }),
  reference: (attrs, [x]) => viewReference(x!, reshapeShape(attrs, x!.shape)),
  wgsl: "view",
  wasm: "view",
  cases: reshapeCases,
};

function reshapeShape({ shape }: ReshapeAttrs, x: Shape): Shape {
  const where = `reshape: x is ${formatShape(x)}, shape is [${shape.join(", ")}]`;
  expectNonEmpty("reshape", ["x"], [x]);
  if (
    shape.filter((dim) => dim === -1).length > 1 ||
    !shape.every((dim) => Number.isSafeInteger(dim) && (dim >= 1 || dim === -1))
  )
    throw new ShapeError(`${where}: expected whole numbers of at least 1, of which one may be -1`);
  const known = sizeOf(shape.filter((dim) => dim !== -1));
  const rest = sizeOf(x) / known;
  if (!(shape.includes(-1) ? Number.isInteger(rest) : rest === 1))
    throw new ShapeError(
      `${where}: expected a shape of ${sizeOf(x)} numbers, not ${shape.includes(-1) ? "a multiple of " : ""}${known}`,
    );
  return shape.map((dim) => (dim === -1 ? rest : dim));
}
