/**
 * softmax in WGSL: the largest number of a slice, the sum of the exponentials, the quotients. A short slice is one invocation's, in order.
 * A long one is a workgroup's: invocation t sees the numbers t, t + 64, …; largest and sum are folded in a fixed order.
 */
import { input, output, repeat } from "../argument.ts";
import type { WgslStage, WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText, flatWorkgroupText, workgroupGrid } from "../wgsl/dispatch.ts";
import { fitsDevice, wgslStage } from "../wgsl/shader-text.ts";
import { reduceBytes, reduceInvocations, reducePartsText, reduceText } from "../wgsl/workgroup-reduce.ts";
import type { SoftmaxProblem } from "./softmax.problem.ts";

/** Slices up to this length are short. */
const short = 64;

export const softmaxWgsl: readonly WgslVariant<SoftmaxProblem>[] = [
  {
    id: "softmax.wgsl-short",
    sumOrder: "in order",
    accepts: (p, capabilities) =>
      p.length <= short
        ? fitsDevice(capabilities, { invocations: flatInvocations })
        : `for slices of at most ${short} numbers, not ${p.length}`,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    stages: (p) => [softmaxStage(p, shortBody, flatGrid(p.outer * p.inner))],
  },
  {
    id: "softmax.wgsl-workgroup",
    sumOrder: "64 strided sums, folded",
    accepts: (p, capabilities) =>
      p.length > short
        ? fitsDevice(capabilities, { invocations: reduceInvocations, storageBytes: reduceBytes })
        : `for slices of more than ${short} numbers, not ${p.length}`,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    stages: (p) => [softmaxStage(p, longBody, (repeats) => workgroupGrid(p.outer * p.inner * repeats))],
  },
];

const shortBody = /* wgsl */ `${flatInvocationText}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let slice = flat_invocation(group, invocation);
  if (slice < OUTER * INNER * repeats) {
    let first = (slice / INNER) * (LENGTH * INNER) + slice % INNER;
    var largest = x[first];
    for (var k = 1u; k < LENGTH; k++) {
      largest = max(largest, x[first + k * INNER]);
    }
    var sum = 0.0;
    for (var k = 0u; k < LENGTH; k++) {
      sum += exp(x[first + k * INNER] - largest);
    }
    for (var k = 0u; k < LENGTH; k++) {
      y[first + k * INNER] = exp(x[first + k * INNER] - largest) / sum;
    }
  }
}`;

const longBody = /* wgsl */ `${flatWorkgroupText}
${reducePartsText}

fn add(a: f32, b: f32) -> f32 {
  return a + b;
}

fn larger(a: f32, b: f32) -> f32 {
  return max(a, b);
}
${reduceText("reduce_sum", "add")}
${reduceText("reduce_largest", "larger")}

@compute @workgroup_size(${reduceInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let slice = flat_workgroup(group);
  let is_slice = slice < OUTER * INNER * repeats;
  let count = select(0u, LENGTH, is_slice); // all invocations reduce, also where there is no slice
  let first = select(0u, (slice / INNER) * (LENGTH * INNER) + slice % INNER, is_slice);

  var largest = x[first];
  for (var k = invocation; k < count; k += ${reduceInvocations}u) {
    largest = max(largest, x[first + k * INNER]);
  }
  largest = reduce_largest(largest, invocation);

  var sum = 0.0;
  for (var k = invocation; k < count; k += ${reduceInvocations}u) {
    sum += exp(x[first + k * INNER] - largest);
  }
  sum = reduce_sum(sum, invocation);

  for (var k = invocation; k < count; k += ${reduceInvocations}u) {
    y[first + k * INNER] = exp(x[first + k * INNER] - largest) / sum;
  }
}`;

function softmaxStage(p: SoftmaxProblem, body: string, workgroups: WgslStage["workgroups"]): WgslStage {
  return wgslStage({
    name: "softmax",
    sizes: { OUTER: p.outer, LENGTH: p.length, INNER: p.inner },
    bindings: [
      { name: "x", argument: input(0) },
      { name: "y", argument: output },
      { name: "repeats", argument: repeat },
    ],
    body,
    workgroups,
  });
}
