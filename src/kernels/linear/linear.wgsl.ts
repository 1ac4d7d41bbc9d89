/**
 * linear in WGSL. Mostly rows are few (one an image) and K is long, so the sum is cut into 16 parts: a workgroup of 16 × 16 computes 16
 * features of one row, invocation (f, part) sums one part of feature f over k in order, and the 16 parts are added in order. A short K is
 * one invocation's. Which of the two depends on K alone. Weights are transposed, so that neighbours read neighbouring numbers.
 */
import { constant, input, output, repeat } from "../argument.ts";
import type { PackedConstant, WgslStage, WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText, flatWorkgroupText, workgroupGrid } from "../wgsl/dispatch.ts";
import { type Binding, fitsDevice, wgslStage } from "../wgsl/shader-text.ts";
import type { LinearProblem } from "./linear.problem.ts";

const features = 16;
const parts = 16;
/** A sum of so many products is not cut. */
const short = 64;

export const linearWgsl: readonly WgslVariant<LinearProblem>[] = [
  {
    id: "linear.wgsl-short",
    sumOrder: "k",
    accepts: (p, capabilities) =>
      p.depth <= short
        ? fitsDevice(capabilities, { invocations: flatInvocations })
        : `for sums of at most ${short} products, not ${p.depth}`,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    constants: (p) => [transposedWeight(p), ...(p.bias ? [biasOf(p)] : [])],
    stages: (p) => [shortStage(p)],
  },
  {
    id: "linear.wgsl-parts",
    sumOrder: "16 parts of k, then the parts",
    accepts: (p, capabilities) =>
      p.depth > short
        ? fitsDevice(capabilities, { invocations: features * parts, storageBytes: 4 * features * parts })
        : `for sums of more than ${short} products, not ${p.depth}`,
    layouts: () => ({ inputs: ["nchw"], output: "nchw" }),
    constants: (p) => [transposedWeight(p), ...(p.bias ? [biasOf(p)] : [])],
    stages: (p) => [partsStage(p)],
  },
];

/** weight (O, K) → (K, O) */
function transposedWeight(p: LinearProblem): PackedConstant {
  return {
    operands: [1],
    elements: p.depth * p.outFeatures,
    write: ([weight], out) => {
      for (let o = 0; o < p.outFeatures; o++)
        for (let k = 0; k < p.depth; k++) out[k * p.outFeatures + o] = weight![o * p.depth + k]!;
    },
  };
}

function biasOf(p: LinearProblem): PackedConstant {
  return { operands: [2], elements: p.outFeatures, write: ([bias], out) => out.set(bias!) };
}

const withBias = /* wgsl */ `
fn biased(sum: f32, feature: u32) -> f32 {
  return sum + bias[feature];
}`;

const withoutBias = /* wgsl */ `
fn biased(sum: f32, feature: u32) -> f32 {
  return sum;
}`;

function bindingsOf(p: LinearProblem): Binding[] {
  const bindings: Binding[] = [
    { name: "x", argument: input(0) },
    { name: "weight", argument: constant(0) },
  ];
  if (p.bias) bindings.push({ name: "bias", argument: constant(1) });
  bindings.push({ name: "y", argument: output }, { name: "repeats", argument: repeat });
  return bindings;
}

function shortStage(p: LinearProblem): WgslStage {
  const body = /* wgsl */ `${flatInvocationText}
${p.bias ? withBias : withoutBias}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < ROWS * FEATURES * repeats) {
    let row = i / FEATURES;
    let feature = i % FEATURES;
    var sum = 0.0;
    for (var k = 0u; k < DEPTH; k++) {
      sum = fma(x[row * DEPTH + k], weight[k * FEATURES + feature], sum);
    }
    y[i] = biased(sum, feature);
  }
}`;
  const sizes = { ROWS: p.rows, DEPTH: p.depth, FEATURES: p.outFeatures };
  return wgslStage({
    name: "linear",
    sizes,
    bindings: bindingsOf(p),
    body,
    workgroups: flatGrid(p.rows * p.outFeatures),
  });
}

function partsStage(p: LinearProblem): WgslStage {
  const groups = Math.ceil(p.outFeatures / features);
  const body = /* wgsl */ `${flatWorkgroupText}
${p.bias ? withBias : withoutBias}

var<workgroup> part_sums: array<f32, ${features * parts}>; // (part, feature)

@compute @workgroup_size(${features}, ${parts})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let tile = flat_workgroup(group);
  let row = tile / GROUPS;
  let feature = (tile % GROUPS) * ${features}u + id.x;
  let is_output = row < ROWS * repeats && feature < FEATURES;
  var sum = 0.0;
  if (is_output) {
    let end = min((id.y + 1u) * PART, DEPTH);
    for (var k = id.y * PART; k < end; k++) {
      sum = fma(x[row * DEPTH + k], weight[k * FEATURES + feature], sum);
    }
  }
  part_sums[id.y * ${features}u + id.x] = sum;
  workgroupBarrier();
  if (is_output && id.y == 0u) {
    for (var part = 1u; part < ${parts}u; part++) {
      sum += part_sums[part * ${features}u + id.x];
    }
    y[row * FEATURES + feature] = biased(sum, feature);
  }
}`;
  return wgslStage({
    name: "linear",
    sizes: {
      ...{ ROWS: p.rows, DEPTH: p.depth, FEATURES: p.outFeatures },
      ...{ GROUPS: groups, PART: Math.ceil(p.depth / parts) },
    },
    bindings: bindingsOf(p),
    body,
    workgroups: (repeats) => workgroupGrid(groups * p.rows * repeats),
  });
}
