/**
 * Binary element-wise ops in WGSL: one shader around an expression of `a` and `b`, one invocation a number of the output. Broadcasting
 * is a stride of 0; operands of one shape are read at the output's own index, in any layout.
 */
import { input, output, repeat } from "../argument.ts";
import type { WgslStage, WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText } from "../wgsl/dispatch.ts";
import { fitsDevice, sizeListText, wgslStage } from "../wgsl/shader-text.ts";
import type { BinaryProblem } from "./elementwise.problem.ts";

export function binaryWgsl(name: string, expression: string): readonly WgslVariant<BinaryProblem>[] {
  return [
    {
      id: `${name}.wgsl`,
      sumOrder: "none",
      accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
      layouts: (p) => (p.sameShape ? "any" : { inputs: ["nchw", "nchw"], output: "nchw" }),
      stages: (p) => [binaryStage(name, expression, p)],
    },
  ];
}

function binaryStage(name: string, expression: string, p: BinaryProblem): WgslStage {
  const body = /* wgsl */ `${flatInvocationText}
${p.sameShape ? "" : broadcastText(p)}
${operandIndexText("a_index", p, 0)}
${operandIndexText("b_index", p, 1)}

fn apply(a: f32, b: f32) -> f32 {
  return ${expression};
}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < ELEMENTS * repeats) {
    y[i] = apply(a[a_index(i)], b[b_index(i)]);
  }
}`;
  return wgslStage({
    name,
    sizes: { ELEMENTS: p.elements, RANK: p.shape.length },
    bindings: [
      { name: "a", argument: input(0) },
      { name: "b", argument: input(1) },
      { name: "y", argument: output },
      { name: "repeats", argument: repeat },
    ],
    body,
    workgroups: flatGrid(p.elements),
  });
}

/** Where output number `i` of all repeats finds its operand. */
function operandIndexText(functionName: string, p: BinaryProblem, operand: 0 | 1): string {
  const ownIndex = p.walks[operand] ? "i" : "i % ELEMENTS";
  if (p.sameShape)
    return /* wgsl */ `
fn ${functionName}(i: u32) -> u32 {
  return ${ownIndex};
}`;
  const part = p.walks[operand] ? `(i / ELEMENTS) * ${p.sizes[operand]}u` : "0u";
  return /* wgsl */ `
fn ${functionName}(i: u32) -> u32 {
  return ${part} + broadcast_index(i % ELEMENTS, ${operand === 0 ? "A_STRIDES" : "B_STRIDES"});
}`;
}

function broadcastText(p: BinaryProblem): string {
  const rank = p.shape.length;
  return /* wgsl */ `
${sizeListText("SHAPE", p.shape)}
${sizeListText("A_STRIDES", p.strides[0])}
${sizeListText("B_STRIDES", p.strides[1])}

// The row-major index of output number i of one repeat, taken apart from the last dimension on and put together with other strides.
fn broadcast_index(i: u32, strides: array<u32, ${rank}>) -> u32 {
  var steps = strides;
  var shape = SHAPE;
  var rest = i;
  var index = 0u;
  for (var d = RANK; d > 0u; d--) {
    index += (rest % shape[d - 1u]) * steps[d - 1u];
    rest /= shape[d - 1u];
  }
  return index;
}`;
}
