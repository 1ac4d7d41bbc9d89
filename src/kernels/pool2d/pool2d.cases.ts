/** The grid that both sliding pools are tried on: kernels × strides × paddings × ceilMode, on images of changing size, channels and batch. */
import type { Shape } from "../../tensor/shape.ts";
import type { Pair } from "../pair.ts";
import type { Pool2dAttrs } from "./pool2d.problem.ts";

export interface PoolGridCase {
  /** `k3x3-s2x2-p1x1-ceil` */
  readonly name: string;
  readonly attrs: Pool2dAttrs;
  readonly x: Shape;
}

const kernels: readonly Pair[] = [
  [2, 2],
  [3, 3],
  [3, 2],
  [1, 5],
];
const strides: readonly Pair[] = [
  [1, 1],
  [2, 2],
  [3, 2],
];
const channels = [3, 4, 8, 5, 1];
const sizes: readonly Pair[] = [
  [9, 8],
  [7, 11],
  [6, 6],
  [5, 13],
];

export function pool2dGrid(): PoolGridCase[] {
  const grid: PoolGridCase[] = [];
  for (const kernel of kernels)
    for (const stride of strides)
      for (const padded of [false, true])
        for (const ceilMode of [false, true]) {
          const i = grid.length;
          const padding: Pair = padded ? [Math.floor(kernel[0] / 2), Math.floor(kernel[1] / 2)] : [0, 0];
          const [k, s, p] = [kernel, stride, padding].map((pair) => pair.join("x"));
          grid.push({
            name: `k${k}-s${s}-p${p}${ceilMode ? "-ceil" : ""}`,
            attrs: { kernel, stride, padding, ceilMode },
            x: [(i % 5) + 1, channels[(i * 3) % 5]!, ...sizes[Math.floor(i / 2) % 4]!],
          });
        }
  return grid;
}
