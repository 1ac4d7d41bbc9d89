/** The entry `residual/tensor`: lazy tensors and the operations on them. */
export type { DeviceChoice } from "../backends/select.ts";
export type { Shape } from "../tensor/shape.ts";
export { disposeEngines, type MemoryReport, memory } from "./engine.ts";
export type { EvaluateOptions } from "./evaluate.ts";
// functions.ts holds the public operations and nothing else: a new one is one line there.
export * from "./functions.ts";
export { type NestedArray, Tensor, tensor } from "./tensor.ts";
export { using } from "./using.ts";
