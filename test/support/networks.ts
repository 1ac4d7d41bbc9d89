/** Small networks for tests, with weights from the seeded hash. */
import { add, relu } from "../../src/engine/functions.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { BatchNorm2d, Conv2d, ReLU } from "../../src/nn/layers.ts";
import { call, Module, namedParameters } from "../../src/nn/module.ts";
import { constantOf } from "../../src/tensor/host-tensor.ts";
import { fillParameter } from "./hash-fill.ts";

/** Gives every parameter numbers, by `seed` and the parameter's name. */
export function fillParameters(module: Module, seed: string): void {
  for (const [name, parameter] of namedParameters(module))
    parameter.load(constantOf(fillParameter(seed, name, parameter.shape), parameter.shape));
}

/** conv, norm, ReLU, conv, norm, + x, ReLU: everything that the passes fuse. (N, channels, H, W) → the same. */
export class ResidualNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu = new ReLU();
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;

  constructor(channels: number) {
    super();
    const options = { kernel: 3, padding: 1, bias: false } as const;
    this.conv1 = new Conv2d(channels, channels, options);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, { ...options, bias: true });
    this.bn2 = new BatchNorm2d(channels);
  }

  override forward(x: Tensor): Tensor {
    const first = call(this.relu, call(this.bn1, call(this.conv1, x)));
    const second = call(this.bn2, call(this.conv2, first));
    return relu(add(second, x));
  }
}
