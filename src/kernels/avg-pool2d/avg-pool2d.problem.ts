/**
 * What avgPool2d is: torch.nn.functional.avg_pool2d. The divisor is the number of positions of the window that are counted: with
 * countIncludePad those inside the padded image (a window of ceilMode may stick out of it), without it those inside the image.
 */
import type { Shape } from "../../tensor/shape.ts";
import { type Pool2dAttrs, type Pool2dProblem, pool2dProblem, pool2dShape } from "../pool2d/pool2d.problem.ts";

export interface AvgPool2dAttrs extends Pool2dAttrs {
  readonly countIncludePad: boolean;
}

export interface AvgPool2dProblem extends Pool2dProblem {
  readonly countIncludePad: boolean;
}

export function avgPool2dShape(attrs: AvgPool2dAttrs, x: Shape): Shape {
  return pool2dShape("avgPool2d", attrs, [1, 1], x);
}

export function avgPool2dProblem(attrs: AvgPool2dAttrs, x: Shape): AvgPool2dProblem {
  return { ...pool2dProblem("avgPool2d", attrs, [1, 1], x), countIncludePad: attrs.countIncludePad };
}
