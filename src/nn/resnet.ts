/**
 * ResNet (He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385) as torchvision builds it: the stride of a
 * Bottleneck stands on its 3×3 convolution (v1.5). With groups it is ResNeXt (Xie et al., 2016, arXiv:1611.05431), with a doubled inner
 * width Wide ResNet (Zagoruyko and Komodakis, 2016, arXiv:1605.07146). Fields are named as in torchvision's checkpoints.
 */
import { add, flatten } from "../engine/functions.ts";
import type { Tensor } from "../engine/tensor.ts";
import { OptionError } from "../errors.ts";
import { checkOptions } from "../tensor/check-options.ts";
import { finish, type Steps } from "../tensor/steps.ts";
import { AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Linear, MaxPool2d, ReLU, Sequential } from "./layers.ts";
import { call, callInSteps, Module } from "./module.ts";

/** What a ResNet tells its blocks. */
export interface BlockOptions {
  readonly stride?: number;
  /** Brings the block's input to the output's shape, where they differ. */
  readonly downsample?: Module;
  readonly groups?: number;
  /** Channels of a group in the inner convolution of a Bottleneck at width 64. */
  readonly widthPerGroup?: number;
  /** Whether the batch norms were folded into the convolutions, which then have biases. */
  readonly folded?: boolean;
}

/**
 * Two 3×3 convolutions and the residual: (N, inChannels, H, W) → (N, width, H/stride, W/stride). Throws OptionError for groups or another
 * widthPerGroup than 64, as torchvision's.
 */
export class BasicBlock extends Module {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d | undefined;
  readonly relu = new ReLU();
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d | undefined;
  readonly downsample: Module | undefined;

  constructor(inChannels: number, width: number, options: BlockOptions = {}) {
    super();
    const { groups = 1, widthPerGroup = 64, folded = false } = options;
    if (groups !== 1 || widthPerGroup !== 64)
      throw new OptionError(
        `BasicBlock: groups is ${groups} and widthPerGroup ${widthPerGroup}; it has 1 and 64 alone, a Bottleneck has any`,
      );
    this.conv1 = conv3x3(inChannels, width, { stride: options.stride ?? 1, bias: folded });
    this.bn1 = normUnless(folded, width);
    this.conv2 = conv3x3(width, width, { bias: folded });
    this.bn2 = normUnless(folded, width);
    this.downsample = options.downsample;
  }

  override forward(x: Tensor): Tensor {
    let out = convNorm(this.conv1, this.bn1, x);
    out = call(this.relu, out);
    out = convNorm(this.conv2, this.bn2, out);
    const identity = this.downsample ? call(this.downsample, x) : x;
    return call(this.relu, add(out, identity));
  }
}

/** 1×1 down, 3×3, 1×1 up and the residual: (N, inChannels, H, W) → (N, 4·width, H/stride, W/stride). */
export class Bottleneck extends Module {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d | undefined;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d | undefined;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d | undefined;
  readonly relu = new ReLU();
  readonly downsample: Module | undefined;

  constructor(inChannels: number, width: number, options: BlockOptions = {}) {
    super();
    const { stride = 1, groups = 1, widthPerGroup = 64, folded = false } = options;
    const inner = Math.floor(width * (widthPerGroup / 64)) * groups;
    this.conv1 = conv1x1(inChannels, inner, { bias: folded });
    this.bn1 = normUnless(folded, inner);
    this.conv2 = conv3x3(inner, inner, { stride, groups, bias: folded });
    this.bn2 = normUnless(folded, inner);
    this.conv3 = conv1x1(inner, width * Bottleneck.expansion, { bias: folded });
    this.bn3 = normUnless(folded, width * Bottleneck.expansion);
    this.downsample = options.downsample;
  }

  override forward(x: Tensor): Tensor {
    let out = convNorm(this.conv1, this.bn1, x);
    out = call(this.relu, out);
    out = convNorm(this.conv2, this.bn2, out);
    out = call(this.relu, out);
    out = convNorm(this.conv3, this.bn3, out);
    const identity = this.downsample ? call(this.downsample, x) : x;
    return call(this.relu, add(out, identity));
  }
}

/** A constructor of blocks, with what its output is wider by. */
export interface BlockType {
  readonly expansion: number;
  new (inChannels: number, width: number, options?: BlockOptions): Module;
}

/** A ResNet as a table row: which block, how many, how wide. */
export interface ResNetOptions {
  readonly block: BlockType;
  /** Blocks of each stage. */
  readonly layers: readonly [number, number, number, number];
  /** Width of each stage before the block's expansion: 64, 128, 256, 512 unless told. */
  readonly widths?: readonly [number, number, number, number];
  /** Outputs of the classifier `fc`: 1000 unless told; 0 for a network that ends with its vector. */
  readonly classes?: number;
  readonly groups?: number;
  readonly widthPerGroup?: number;
  /** For weights whose batch norms were folded into the convolutions: these have biases, and there are no norms. */
  readonly folded?: boolean;
}

/** Images (N, 3, H, W) → logits (N, classes), or vectors (N, features) where there is no classifier. Throws OptionError. */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d | undefined;
  readonly relu = new ReLU();
  readonly maxpool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly fc: Linear | undefined;
  /** Numbers of a vector: the channels of `avgpool`. */
  readonly features: number;

  constructor(options: ResNetOptions) {
    super();
    checkOptions("ResNet", options, ["block", "layers", "widths", "classes", "groups", "widthPerGroup", "folded"], {
      needed: ["block", "layers"],
      flags: ["folded"],
    });
    const { block, layers, widths = [64, 128, 256, 512], classes = 1000, folded = false } = options;
    for (const [what, list] of Object.entries({ layers, widths }))
      if (list.length !== 4 || !list.every((count) => Number.isSafeInteger(count) && count >= 1))
        throw new OptionError(`ResNet: ${what} is [${list.join(", ")}]; expected four whole numbers of at least 1`);
    if (!Number.isSafeInteger(classes) || classes < 0)
      throw new OptionError(`ResNet: classes is ${classes}; expected a whole number, 0 for no classifier`);
    this.conv1 = new Conv2d(3, widths[0], { kernel: 7, stride: 2, padding: 3, bias: folded });
    this.bn1 = normUnless(folded, widths[0]);
    this.layer1 = stage(options, widths[0], widths[0], layers[0], 1);
    this.layer2 = stage(options, widths[0] * block.expansion, widths[1], layers[1], 2);
    this.layer3 = stage(options, widths[1] * block.expansion, widths[2], layers[2], 2);
    this.layer4 = stage(options, widths[2] * block.expansion, widths[3], layers[3], 2);
    this.features = widths[3] * block.expansion;
    this.fc = classes > 0 ? new Linear(this.features, classes) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return finish(this.forwardInSteps(x));
  }

  override *forwardInSteps(x: Tensor): Steps<Tensor> {
    let out = convNorm(this.conv1, this.bn1, x);
    out = call(this.relu, out);
    out = call(this.maxpool, out);
    out = yield* callInSteps(this.layer1, out);
    out = yield* callInSteps(this.layer2, out);
    out = yield* callInSteps(this.layer3, out);
    out = yield* callInSteps(this.layer4, out);
    out = call(this.avgpool, out);
    out = flatten(out, 1);
    return this.fc ? call(this.fc, out) : out;
  }
}

function stage(options: ResNetOptions, inChannels: number, width: number, blocks: number, stride: number): Sequential {
  const { block, groups, widthPerGroup, folded = false } = options;
  const outChannels = width * block.expansion;
  const downsample =
    stride !== 1 || inChannels !== outChannels
      ? new Sequential(
          conv1x1(inChannels, outChannels, { stride, bias: folded }),
          ...(folded ? [] : [new BatchNorm2d(outChannels)]),
        )
      : undefined;
  const shared = { groups, widthPerGroup, folded };
  const first = new block(inChannels, width, { stride, downsample, ...shared });
  const others = Array.from({ length: blocks - 1 }, () => new block(outChannels, width, shared));
  return new Sequential(first, ...others);
}

interface ConvOptions {
  readonly stride?: number;
  readonly groups?: number;
  readonly bias: boolean;
}

function conv3x3(inChannels: number, outChannels: number, options: ConvOptions): Conv2d {
  return new Conv2d(inChannels, outChannels, { kernel: 3, padding: 1, ...options });
}

function conv1x1(inChannels: number, outChannels: number, options: ConvOptions): Conv2d {
  return new Conv2d(inChannels, outChannels, { kernel: 1, ...options });
}

function normUnless(folded: boolean, channels: number): BatchNorm2d | undefined {
  return folded ? undefined : new BatchNorm2d(channels);
}

function convNorm(conv: Conv2d, norm: BatchNorm2d | undefined, x: Tensor): Tensor {
  const out = call(conv, x);
  return norm ? call(norm, out) : out;
}
