/** What a lazy tensor is to those who read it: the builders of graphs, evaluation, scopes. The class is tensor.ts. */
import type { OpName } from "../graph/infer-shape.ts";
import type { Constant } from "../tensor/host-tensor.ts";
import type { Shape } from "../tensor/shape.ts";

export type Origin =
  | { readonly kind: "data"; readonly data: Float32Array }
  /** Read late: a network's parameter. */
  | { readonly kind: "constant"; readonly constant: Constant }
  /** Given at each run: a network's input. */
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "op"; readonly op: OpName; readonly attrs: object; readonly inputs: readonly LazyTensor[] }
  | { readonly kind: "disposed" };

export interface LazyTensor {
  readonly shape: Shape;
  readonly batched: boolean;
  readonly name: string | undefined;
  readonly serial: number;
  /** Where the numbers come from. Throws when the tensor is disposed. */
  readonly origin: Origin;
  /** Makes the tensor a leaf of these numbers. */
  become(data: Float32Array): void;
  dispose(): void;
}
