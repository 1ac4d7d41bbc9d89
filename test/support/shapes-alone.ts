/** State dicts that have names and shapes and no numbers: for what is found out before anything is read. */
import { createNetwork, type ModelName } from "../../src/model/architectures.ts";
import { namedParameters } from "../../src/nn/module.ts";
import type { Constant, StateDict } from "../../src/tensor/host-tensor.ts";
import type { Shape } from "../../src/tensor/shape.ts";

/** A tensor that nobody reads. */
export function shaped(shape: Shape): Constant {
  return { shape, dtype: "float32", read: () => Promise.reject(new Error("nothing is read for names")) };
}

export function stateOf(
  tensors: Iterable<readonly [string, Constant]>,
  metadata: Record<string, string> = {},
): StateDict {
  return {
    ...{ tensors: new Map(tensors), metadata: new Map(Object.entries(metadata)), source: "some.pth" },
    close: async () => {},
  };
}

/** torchvision's names and shapes of a network. */
export function tensorsOf(model: ModelName, classes = 10, folded = false): [string, Constant][] {
  return [...namedParameters(createNetwork(model, classes, folded))].map(([name, { shape }]) => [name, shaped(shape)]);
}
