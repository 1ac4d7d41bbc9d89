/**
 * mean in WGSL. Few numbers are averaged by one invocation, in order. Many by a workgroup of 64: invocation t sums the numbers t, t + 64,
 * …, then the 64 sums are folded in a fixed order.
 */
import { input, output, repeat } from "../argument.ts";
import type { WgslStage, WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText, flatWorkgroupText, workgroupGrid } from "../wgsl/dispatch.ts";
import { type Binding, fitsDevice, sizeListText, wgslStage } from "../wgsl/shader-text.ts";
import { reduceBytes, reduceInvocations, reducePartsText, reduceText } from "../wgsl/workgroup-reduce.ts";
import type { MeanProblem, Walk } from "./mean.problem.ts";

/** Up to so many numbers are few. */
const few = 64;

export const meanWgsl: readonly WgslVariant<MeanProblem>[] = [
  {
    id: "mean.wgsl-few",
    sumOrder: "in order",
    accepts: (p, capabilities) =>
      p.count <= few
        ? fitsDevice(capabilities, { invocations: flatInvocations })
        : `for means of at most ${few} numbers, not ${p.count}`,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    stages: (p) => [fewStage(p)],
  },
  {
    id: "mean.wgsl-workgroup",
    sumOrder: "64 strided sums, folded",
    accepts: (p, capabilities) =>
      p.count > few
        ? fitsDevice(capabilities, { invocations: reduceInvocations, storageBytes: reduceBytes })
        : `for means of more than ${few} numbers, not ${p.count}`,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    stages: (p) => [workgroupStage(p)],
  },
];

const bindings: readonly Binding[] = [
  { name: "x", argument: input(0) },
  { name: "y", argument: output },
  { name: "repeats", argument: repeat },
];

function fewStage(p: MeanProblem): WgslStage {
  const body = /* wgsl */ `${flatInvocationText}
${walkText("kept_index", "KEPT", p.kept)}
${walkText("averaged_index", "AVERAGED", p.averaged)}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < ELEMENTS * repeats) {
    let first = (i / ELEMENTS) * (ELEMENTS * COUNT) + kept_index(i % ELEMENTS);
    var sum = 0.0;
    for (var k = 0u; k < COUNT; k++) {
      sum += x[first + averaged_index(k)];
    }
    y[i] = sum / f32(COUNT);
  }
}`;
  const sizes = { ELEMENTS: p.elements, COUNT: p.count };
  return wgslStage({ name: "mean", sizes, bindings, body, workgroups: flatGrid(p.elements) });
}

function workgroupStage(p: MeanProblem): WgslStage {
  const body = /* wgsl */ `${flatWorkgroupText}
${reducePartsText}

fn add(a: f32, b: f32) -> f32 {
  return a + b;
}
${reduceText("reduce_sum", "add")}
${walkText("kept_index", "KEPT", p.kept)}
${walkText("averaged_index", "AVERAGED", p.averaged)}

@compute @workgroup_size(${reduceInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_workgroup(group);
  let is_output = i < ELEMENTS * repeats;
  let first = (i / ELEMENTS) * (ELEMENTS * COUNT) + kept_index(i % ELEMENTS);
  var sum = 0.0;
  if (is_output) {
    for (var k = invocation; k < COUNT; k += ${reduceInvocations}u) {
      sum += x[first + averaged_index(k)];
    }
  }
  sum = reduce_sum(sum, invocation);
  if (is_output && invocation == 0u) {
    y[i] = sum / f32(COUNT);
  }
}`;
  const sizes = { ELEMENTS: p.elements, COUNT: p.count };
  const workgroups = (repeats: number) => workgroupGrid(p.elements * repeats);
  return wgslStage({ name: "mean", sizes, bindings, body, workgroups });
}

/** WGSL: where number i of a walk lies, counted from the walk's start. */
function walkText(functionName: string, prefix: string, { shape, strides }: Walk): string {
  return /* wgsl */ `
${sizeListText(`${prefix}_SHAPE`, shape)}
${sizeListText(`${prefix}_STRIDES`, strides)}

fn ${functionName}(i: u32) -> u32 {
  var shape = ${prefix}_SHAPE;
  var strides = ${prefix}_STRIDES;
  var rest = i;
  var index = 0u;
  for (var d = ${shape.length}u; d > 0u; d--) {
    index += (rest % shape[d - 1u]) * strides[d - 1u];
    rest /= shape[d - 1u];
  }
  return index;
}`;
}
