/** What the ops share that only rename the same bytes (flatten, reshape): they need no kernel, so their problem is a size. */

import type { HostTensor } from "../../tensor/host-tensor.ts";
import type { Shape } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/shape.ts";

export interface ViewProblem {
  readonly elements: number;
}

/** Dimension 0 is a repeat where it stays as it is: then every repeat's numbers stay together. */
export function viewRepeats(x: Shape, out: Shape): readonly boolean[] | undefined {
  return x.length > 0 && out.length > 0 && x[0] === out[0] ? [true] : undefined;
}

export function viewProblem(x: Shape): ViewProblem {
  return { elements: sizeOf(x) };
}

/** A view copies nothing; a reference does, since tensors in memory share nothing. */
export function viewReference(x: HostTensor, shape: Shape): HostTensor {
  return { shape, dtype: "float32", data: x.data.slice() };
}
