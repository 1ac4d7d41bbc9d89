/** The entry `residual/tensor`: lazy tensors and the operations on them. */
export type { DeviceChoice } from "../backends/select.ts";
export type { Shape } from "../tensor/shape.ts";
export { disposeEngines, type MemoryReport, memory } from "./engine.ts";
export type { EvaluateOptions } from "./evaluate.ts";
export {
  type AvgPool2dOptions,
  adaptiveAvgPool2d,
  add,
  avgPool2d,
  type BatchNormOptions,
  batchNorm,
  type Conv2dOptions,
  conv2d,
  div,
  flatten,
  linear,
  type MaxPool2dOptions,
  matmul,
  maxPool2d,
  mean,
  mul,
  relu,
  reshape,
  type Size2d,
  softmax,
  sub,
} from "./functions.ts";
export { type NestedArray, Tensor, tensor } from "./tensor.ts";
export { using } from "./using.ts";
