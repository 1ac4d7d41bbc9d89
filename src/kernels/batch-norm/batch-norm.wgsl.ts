/**
 * batchNorm in WGSL: y = (x − mean) · scale + bias for each number, where scale = weight / √(variance + eps) is computed once, in
 * float64. The mean is subtracted first, so that a mean far from zero costs no digits.
 */
import { constant, input, output, repeat } from "../argument.ts";
import type { Layout, WgslStage, WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText } from "../wgsl/dispatch.ts";
import { fitsDevice, wgslStage } from "../wgsl/shader-text.ts";
import type { BatchNormProblem } from "./batch-norm.problem.ts";

export const batchNormWgsl: readonly WgslVariant<BatchNormProblem>[] = [
  {
    id: "batchNorm.wgsl",
    sumOrder: "none",
    accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
    layouts: () => "any",
    constants: (p) => [
      {
        operands: [1, 2, 3, 4],
        elements: 3 * p.channels,
        write: ([mean, variance, weight, bias], out) => {
          for (let c = 0; c < p.channels; c++)
            out.set([mean![c]!, weight![c]! / Math.sqrt(variance![c]! + p.eps), bias![c]!], 3 * c);
        },
      },
    ],
    stages: (p, layout) => [batchNormStage(p, layout)],
  },
];

function batchNormStage(p: BatchNormProblem, layout: Layout): WgslStage {
  const elements = p.channels * p.positions;
  const body = /* wgsl */ `${flatInvocationText}

fn channel_of(i: u32) -> u32 {
  return ${layout === "nhwc" ? "i % CHANNELS" : "(i / POSITIONS) % CHANNELS"};
}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < CHANNELS * POSITIONS * repeats) {
    let c = 3u * channel_of(i); // mean, scale and bias of the channel
    y[i] = (x[i] - channel[c]) * channel[c + 1u] + channel[c + 2u];
  }
}`;
  return wgslStage({
    name: "batchNorm",
    sizes: { CHANNELS: p.channels, POSITIONS: p.positions },
    bindings: [
      { name: "x", argument: input(0) },
      { name: "channel", argument: constant(0) },
      { name: "y", argument: output },
      { name: "repeats", argument: repeat },
    ],
    body,
    workgroups: flatGrid(elements),
  });
}
