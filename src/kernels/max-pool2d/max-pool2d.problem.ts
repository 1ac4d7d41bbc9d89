/** What maxPool2d is: torch.nn.functional.max_pool2d. Padding counts as −∞; NaN wins over every number. */
import type { Shape } from "../../tensor/shape.ts";
import type { Pair } from "../pair.ts";
import { type Pool2dAttrs, type Pool2dProblem, pool2dProblem, pool2dShape } from "../pool2d/pool2d.problem.ts";

export interface MaxPool2dAttrs extends Pool2dAttrs {
  readonly dilation: Pair;
}

export type MaxPool2dProblem = Pool2dProblem;

export function maxPool2dShape(attrs: MaxPool2dAttrs, x: Shape): Shape {
  return pool2dShape("maxPool2d", attrs, attrs.dilation, x);
}

export function maxPool2dProblem(attrs: MaxPool2dAttrs, x: Shape): MaxPool2dProblem {
  return pool2dProblem("maxPool2d", attrs, attrs.dilation, x);
}
