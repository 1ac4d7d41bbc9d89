/**
 * The one list of ops. A new op is its folder, a line here, a line among the engine's functions and its cases: dispatch, tests,
 * goldens and benchmarks all read this table, and the compiler names any implementation that is missing.
 */
import { adaptiveAvgPool2d } from "./adaptive-avg-pool2d/adaptive-avg-pool2d.op.ts";
import { add } from "./add/add.op.ts";
import { avgPool2d } from "./avg-pool2d/avg-pool2d.op.ts";
import { batchNorm } from "./batch-norm/batch-norm.op.ts";
import { conv2d } from "./conv2d/conv2d.op.ts";
import { convertLayout } from "./convert-layout/convert-layout.op.ts";
import { div } from "./div/div.op.ts";
import { flatten } from "./flatten/flatten.op.ts";
import { linear } from "./linear/linear.op.ts";
import { matmul } from "./matmul/matmul.op.ts";
import { maxPool2d } from "./max-pool2d/max-pool2d.op.ts";
import { mean } from "./mean/mean.op.ts";
import { mul } from "./mul/mul.op.ts";
import type { AnyOp } from "./op.ts";
import { relu } from "./relu/relu.op.ts";
import { reshape } from "./reshape/reshape.op.ts";
import { sigmoid } from "./sigmoid/sigmoid.op.ts";
import { softmax } from "./softmax/softmax.op.ts";
import { sub } from "./sub/sub.op.ts";

export const table = {
  conv2d,
  batchNorm,
  relu,
  sigmoid,
  maxPool2d,
  avgPool2d,
  adaptiveAvgPool2d,
  add,
  sub,
  mul,
  div,
  linear,
  matmul,
  flatten,
  reshape,
  softmax,
  mean,
  convertLayout,
} satisfies Record<string, AnyOp>;

export type OpName = keyof typeof table;

/** An op by its name, its attributes unknown. */
export function opOf(name: OpName): AnyOp {
  return table[name];
}
