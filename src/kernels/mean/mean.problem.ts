/** What mean is: torch.mean over a set of dimensions, all of them where `dims` is empty. */
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { Cost } from "../op.ts";
import { expectNonEmpty, resolveDim } from "../shape-rule.ts";

export interface MeanAttrs {
  /** Counted from the end where negative; none means all. */
  readonly dims: readonly number[];
  /** Whether a dimension that is averaged stays, as 1. */
  readonly keepDim: boolean;
}

/** Sizes and strides, in elements of x, of some dimensions: row-major, outermost first, neighbours joined, none of size 1. */
export interface Walk {
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/** One repeat: output number i is the mean over `averaged` from where `kept` puts i; both may have no dimensions, which is one step. */
export interface MeanProblem {
  readonly kept: Walk;
  readonly averaged: Walk;
  /** Numbers of the output: the product of kept's sizes. */
  readonly elements: number;
  /** Numbers in each mean: the product of averaged's sizes. */
  readonly count: number;
}

/** For each dimension of x whether it is averaged. Throws ShapeError. */
function averagedDims({ dims }: MeanAttrs, x: Shape): boolean[] {
  if (dims.length === 0) return x.map(() => true);
  const resolved = dims.map((dim) => resolveDim("mean", "dims", dim, x));
  if (new Set(resolved).size < dims.length)
    throw new ShapeError(`mean: x is ${formatShape(x)}, dims is [${dims.join(", ")}]: expected each dimension once`);
  return x.map((_, i) => resolved.includes(i));
}

export function meanShape(attrs: MeanAttrs, x: Shape): Shape {
  expectNonEmpty("mean", ["x"], [x]);
  const averaged = averagedDims(attrs, x);
  return attrs.keepDim ? x.map((dim, i) => (averaged[i] ? 1 : dim)) : x.filter((_, i) => !averaged[i]);
}

/** Dimension 0 is a repeat unless it is averaged. */
export function meanRepeats(attrs: MeanAttrs, x: Shape): readonly boolean[] | undefined {
  return x.length === 0 || averagedDims(attrs, x)[0] ? undefined : [true];
}

export function meanProblem(attrs: MeanAttrs, x: Shape): MeanProblem {
  const dims = averagedDims(attrs, x);
  const kept = walk(x, (i) => !dims[i]);
  const averaged = walk(x, (i) => dims[i]!);
  return { kept, averaged, elements: sizeOf(kept.shape), count: sizeOf(averaged.shape) };
}

function walk(x: Shape, chosen: (dim: number) => boolean): Walk {
  const own = stridesOf(x);
  const shape: number[] = [];
  const strides: number[] = [];
  for (const [i, size] of x.entries()) {
    if (!chosen(i) || size === 1) continue;
    if (strides.at(-1) === own[i]! * size) {
      shape[shape.length - 1]! *= size;
      strides[strides.length - 1] = own[i]!;
    } else {
      shape.push(size);
      strides.push(own[i]!);
    }
  }
  return { shape, strides };
}

export function meanCost(p: MeanProblem): Cost {
  const inputs = p.elements * p.count;
  return { flops: inputs, bytes: 4 * (inputs + p.elements) };
}
