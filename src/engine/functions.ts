/**
 * The operations on lazy tensors, one function an op, named and meant as in PyTorch (torch.nn.functional). Nothing runs here: shapes are
 * checked at once, numbers come with `data()`. Images are N×C×H×W, and no dimension may be 0. Every function throws ShapeError, naming the op,
 * the shapes and what was expected, and OptionError for an option that it does not have.
 */
import { OptionError } from "../errors.ts";
import { checkOptions, describeValue } from "../tensor/check-options.ts";
import type { Shape } from "../tensor/shape.ts";
import { operation, type Tensor, tensor } from "./tensor.ts";

/** One number for both directions, or [vertical, horizontal]. */
export type Size2d = number | readonly [vertical: number, horizontal: number];

/** stride 1, no padding, dilation 1, one group and no bias unless told; bias (O). */
export interface Conv2dOptions {
  readonly bias?: Tensor;
  readonly stride?: Size2d;
  readonly padding?: Size2d;
  readonly dilation?: Size2d;
  readonly groups?: number;
}

/** Statistics and parameters, (C) each. */
export interface BatchNormOptions {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  /** Added to the variance: 1e-5 unless told. */
  readonly eps?: number;
}

/** No padding, dilation 1 and sizes rounded down unless told; padding is at most half the kernel. */
export interface MaxPool2dOptions {
  readonly kernel: Size2d;
  /** The kernel's size unless told. */
  readonly stride?: Size2d;
  readonly padding?: Size2d;
  readonly dilation?: Size2d;
  readonly ceilMode?: boolean;
}

/** No padding and sizes rounded down unless told; padding is at most half the kernel. */
export interface AvgPool2dOptions {
  readonly kernel: Size2d;
  /** The kernel's size unless told. */
  readonly stride?: Size2d;
  readonly padding?: Size2d;
  readonly ceilMode?: boolean;
  /** Whether padding counts in the divisor: true unless told. */
  readonly countIncludePad?: boolean;
}

function pair(where: string, size: Size2d): readonly [number, number] {
  if (typeof size === "number") return [size, size];
  if (Array.isArray(size) && size.length === 2) return size;
  throw new OptionError(`${where} is ${describeValue(size)}; expected a number, or [vertical, horizontal]`);
}

/** (N, C, H, W) * (O, C/groups, KH, KW) → (N, O, OH, OW): cross-correlation, as torch.nn.functional.conv2d. */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  checkOptions("conv2d", options, ["bias", "stride", "padding", "dilation", "groups"], {
    hint: " (a bias goes there too: { bias })",
  });
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const attrs = {
    stride: pair("conv2d: stride", stride),
    padding: pair("conv2d: padding", padding),
    dilation: pair("conv2d: dilation", dilation),
    groups,
    ...{ bias: bias !== undefined, residual: false, relu: false },
  };
  return operation("conv2d", attrs, bias === undefined ? [x, weight] : [x, weight, bias]);
}

/** (x − mean) / √(variance + eps) · weight + bias, per channel (dimension 1); statistics as given, as in evaluation mode. */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  const needed = ["mean", "variance", "weight", "bias"];
  checkOptions("batchNorm", options, [...needed, "eps"], { needed });
  const { mean, variance, weight, bias, eps = 1e-5 } = options;
  return operation("batchNorm", { eps }, [x, mean, variance, weight, bias]);
}

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return operation("relu", {}, [x]);
}

/** 1 / (1 + exp(−x)). */
export function sigmoid(x: Tensor): Tensor {
  return operation("sigmoid", {}, [x]);
}

/** The largest number of each window; padding counts as −∞. */
export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor {
  checkOptions("maxPool2d", options, ["kernel", "stride", "padding", "dilation", "ceilMode"], {
    needed: ["kernel"],
    flags: ["ceilMode"],
  });
  const { kernel, stride = kernel, padding = 0, dilation = 1, ceilMode = false } = options;
  const attrs = {
    ...windowOf("maxPool2d", kernel, stride, padding),
    dilation: pair("maxPool2d: dilation", dilation),
    ceilMode,
  };
  return operation("maxPool2d", attrs, [x]);
}

/** The mean of each window, with PyTorch's divisor. */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor {
  checkOptions("avgPool2d", options, ["kernel", "stride", "padding", "ceilMode", "countIncludePad"], {
    needed: ["kernel"],
    flags: ["ceilMode", "countIncludePad"],
  });
  const { kernel, stride = kernel, padding = 0, ceilMode = false, countIncludePad = true } = options;
  return operation("avgPool2d", { ...windowOf("avgPool2d", kernel, stride, padding), ceilMode, countIncludePad }, [x]);
}

function windowOf(op: string, kernel: Size2d, stride: Size2d, padding: Size2d) {
  return {
    kernel: pair(`${op}: kernel`, kernel),
    stride: pair(`${op}: stride`, stride),
    padding: pair(`${op}: padding`, padding),
  };
}

/** Means over windows that cut the image up, bin i from ⌊i·H/OH⌋ to ⌈(i + 1)·H/OH⌉: (N, C, H, W) → (N, C, *outputSize). */
export function adaptiveAvgPool2d(x: Tensor, outputSize: Size2d): Tensor {
  return operation("adaptiveAvgPool2d", { outputSize: pair("adaptiveAvgPool2d: outputSize", outputSize) }, [x]);
}

/** x · weightᵀ + bias: (…, K) with weight (O, K) and bias (O) → (…, O). */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return operation("linear", { bias: bias !== undefined }, bias === undefined ? [x, weight] : [x, weight, bias]);
}

/** The matrix product over the last two dimensions, as torch.matmul. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return operation("matmul", {}, [a, b]);
}

/** a + b, with NumPy's broadcasting. */
export function add(a: Tensor, b: Tensor | number): Tensor {
  return operation("add", {}, [a, asTensor(b)]);
}

/** a − b, with NumPy's broadcasting. */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  return operation("sub", {}, [a, asTensor(b)]);
}

/** a · b, element by element, with NumPy's broadcasting. */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  return operation("mul", {}, [a, asTensor(b)]);
}

/** a / b, with NumPy's broadcasting. */
export function div(a: Tensor, b: Tensor | number): Tensor {
  return operation("div", {}, [a, asTensor(b)]);
}

function asTensor(value: Tensor | number): Tensor {
  return typeof value === "number" ? tensor(value) : value;
}

/** Joins the dimensions from startDim to endDim (both included, negative ones count from the end) into one. */
export function flatten(x: Tensor, startDim = 0, endDim = -1): Tensor {
  checkDimension("flatten: startDim", startDim);
  checkDimension("flatten: endDim", endDim);
  return operation("flatten", { startDim, endDim }, [x]);
}

/** Numbers that are no dimension are the shape rule's to refuse: it knows the range. */
function checkDimension(where: string, dim: number): void {
  if (typeof dim !== "number") throw new OptionError(`${where} is ${describeValue(dim)}; expected a whole number`);
}

/** The same numbers in another shape; one dimension may be −1: what is left. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (!Array.isArray(shape))
    throw new OptionError(`reshape: the shape is ${describeValue(shape)}; expected a list of numbers`);
  return operation("reshape", { shape: [...shape] }, [x]);
}

/** exp(x − max) / Σ exp(x − max) along one dimension. */
export function softmax(x: Tensor, dim: number): Tensor {
  checkDimension("softmax: dim", dim);
  return operation("softmax", { dim }, [x]);
}

/** The mean over the dimensions named, or over all. */
export function mean(x: Tensor, options: { dims?: readonly number[]; keepDim?: boolean } = {}): Tensor {
  checkOptions("mean", options, ["dims", "keepDim"], { flags: ["keepDim"] });
  const { dims = x?.shape?.map((_, i) => i) ?? [], keepDim = false } = options;
  if (!Array.isArray(dims))
    throw new OptionError(`mean: dims is ${describeValue(dims)}; expected a list of dimensions, such as [2, 3]`);
  return operation("mean", { dims: [...dims], keepDim }, [x]);
}
