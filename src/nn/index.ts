/** The entry `residual/nn`: modules, layers, and the ResNets built of them. */
export {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  type Conv2dLayerOptions,
  Linear,
  MaxPool2d,
  ReLU,
  Sequential,
  Softmax,
} from "./layers.ts";
export { compareStateDict, loadStateDict, type Misfit } from "./load-state-dict.ts";
export { call, Module, namedModules, namedParameters } from "./module.ts";
export { Parameter } from "./parameter.ts";
export { BasicBlock, type BlockOptions, type BlockType, Bottleneck, ResNet, type ResNetOptions } from "./resnet.ts";
export { trace, withOutputs } from "./trace.ts";
