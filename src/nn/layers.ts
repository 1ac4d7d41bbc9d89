/** The layers that networks are made of: torch.nn's names, parameters and meanings, in evaluation mode. */
import {
  type AvgPool2dOptions,
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  conv2d,
  linear,
  type MaxPool2dOptions,
  maxPool2d,
  relu,
  type Size2d,
  softmax,
} from "../engine/functions.ts";
import type { Tensor } from "../engine/tensor.ts";
import { OptionError } from "../errors.ts";
import { checkCounts, checkOptions, describeValue } from "../tensor/check-options.ts";
import { finish, type Steps } from "../tensor/steps.ts";
import { callInSteps, Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** Sizes as torch.nn.Conv2d has them; stride 1, no padding, dilation 1 and one group unless told. */
export interface Conv2dLayerOptions {
  readonly kernel: Size2d;
  readonly stride?: Size2d;
  readonly padding?: Size2d;
  readonly dilation?: Size2d;
  readonly groups?: number;
  /** Whether there is a bias: true unless told, as in PyTorch. */
  readonly bias?: boolean;
}

/** (N, inChannels, H, W) → (N, outChannels, OH, OW). Parameters: weight (O, C/groups, KH, KW), bias (O). */
export class Conv2d extends Module {
  override readonly leaf = true;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  private readonly options: Conv2dLayerOptions;

  constructor(inChannels: number, outChannels: number, options: Conv2dLayerOptions) {
    super();
    checkOptions("Conv2d", options, ["kernel", "stride", "padding", "dilation", "groups", "bias"], {
      needed: ["kernel"],
      flags: ["bias"],
    });
    const { kernel, groups = 1 } = options;
    checkCounts("Conv2d", { inChannels, outChannels, groups });
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new OptionError(`Conv2d: groups ${groups} does not divide both ${inChannels} and ${outChannels} channels`);
    const [height, width] = Array.isArray(kernel) && kernel.length === 2 ? kernel : [kernel, kernel];
    checkCounts("Conv2d", { "kernel height": height, "kernel width": width });
    this.options = options;
    this.weight = new Parameter([outChannels, inChannels / groups, height, width]);
    this.bias = (options.bias ?? true) ? new Parameter([outChannels]) : undefined;
  }

  override forward(x: Tensor): Tensor {
    const { stride, padding, dilation, groups } = this.options;
    return conv2d(x, this.weight.tensor, { bias: this.bias?.tensor, stride, padding, dilation, groups });
  }
}

/** (N, C, H, W) → the same: normalised by the running statistics. Parameters and buffers as torch.nn.BatchNorm2d's. */
export class BatchNorm2d extends Module {
  override readonly leaf = true;
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: Parameter;
  readonly running_var: Parameter;
  readonly num_batches_tracked = new Parameter([], { optional: true });
  private readonly eps: number;

  constructor(channels: number, options: { eps?: number } = {}) {
    super();
    checkOptions("BatchNorm2d", options, ["eps"]);
    checkCounts("BatchNorm2d", { channels });
    this.eps = options.eps ?? 1e-5;
    this.weight = new Parameter([channels]);
    this.bias = new Parameter([channels]);
    this.running_mean = new Parameter([channels]);
    this.running_var = new Parameter([channels]);
  }

  override forward(x: Tensor): Tensor {
    const { running_mean, running_var, weight, bias, eps } = this;
    const statistics = { mean: running_mean.tensor, variance: running_var.tensor };
    return batchNorm(x, { ...statistics, weight: weight.tensor, bias: bias.tensor, eps });
  }
}

/** max(x, 0), of any shape. */
export class ReLU extends Module {
  override readonly leaf = true;
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** (N, C, H, W) → (N, C, OH, OW): the largest number of each window. Options are checked when it is called. */
export class MaxPool2d extends Module {
  override readonly leaf = true;
  private readonly options: MaxPool2dOptions;
  constructor(options: MaxPool2dOptions) {
    super();
    checkOptions("MaxPool2d", options, ["kernel", "stride", "padding", "dilation", "ceilMode"], {
      needed: ["kernel"],
      flags: ["ceilMode"],
    });
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

/** (N, C, H, W) → (N, C, OH, OW): the mean of each window. Options are checked when it is called. */
export class AvgPool2d extends Module {
  override readonly leaf = true;
  private readonly options: AvgPool2dOptions;
  constructor(options: AvgPool2dOptions) {
    super();
    checkOptions("AvgPool2d", options, ["kernel", "stride", "padding", "ceilMode", "countIncludePad"], {
      needed: ["kernel"],
      flags: ["ceilMode", "countIncludePad"],
    });
    this.options = options;
  }
  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options);
  }
}

/** (N, C, H, W) → (N, C, *outputSize). */
export class AdaptiveAvgPool2d extends Module {
  override readonly leaf = true;
  private readonly outputSize: Size2d;
  constructor(outputSize: Size2d) {
    super();
    const [height, width] =
      Array.isArray(outputSize) && outputSize.length === 2 ? outputSize : [outputSize, outputSize];
    checkCounts("AdaptiveAvgPool2d", { "output height": height, "output width": width });
    this.outputSize = outputSize;
  }
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** (…, inFeatures) → (…, outFeatures). Parameters: weight (O, K), bias (O). */
export class Linear extends Module {
  override readonly leaf = true;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inFeatures: number, outFeatures: number, options: { bias?: boolean } = {}) {
    super();
    checkOptions("Linear", options, ["bias"], { flags: ["bias"] });
    checkCounts("Linear", { inFeatures, outFeatures });
    this.weight = new Parameter([outFeatures, inFeatures]);
    this.bias = (options.bias ?? true) ? new Parameter([outFeatures]) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.tensor, this.bias?.tensor);
  }
}

/** exp(x − max) / Σ exp(x − max) along `dim`, of any shape. */
export class Softmax extends Module {
  override readonly leaf = true;
  private readonly dim: number;
  constructor(dim: number) {
    super();
    if (!Number.isSafeInteger(dim))
      throw new OptionError(`Softmax: dim is ${describeValue(dim)}; expected a whole number`);
    this.dim = dim;
  }
  override forward(x: Tensor): Tensor {
    return softmax(x, this.dim);
  }
}

/** Modules one after another, named 0, 1, 2, … */
export class Sequential extends Module {
  private readonly modules: readonly Module[];
  constructor(...modules: Module[]) {
    super();
    for (const [i, module] of modules.entries())
      if (!(module instanceof Module)) throw new OptionError(`Sequential: ${i} is ${describeValue(module)}, no module`);
    this.modules = modules;
  }
  override children(): Map<string, Module> {
    return new Map(this.modules.map((module, i) => [String(i), module]));
  }
  override forward(x: Tensor): Tensor {
    return finish(this.forwardInSteps(x));
  }
  override *forwardInSteps(x: Tensor): Steps<Tensor> {
    let value = x;
    for (const module of this.modules) {
      value = yield* callInSteps(module, value);
      yield;
    }
    return value;
  }
}
