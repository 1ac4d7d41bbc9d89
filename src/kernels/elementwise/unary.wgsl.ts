/** Unary element-wise ops in WGSL: one shader around an expression of `x`, one invocation a number, in any layout. */
import { input, output, repeat } from "../argument.ts";
import type { WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText } from "../wgsl/dispatch.ts";
import { fitsDevice, wgslStage } from "../wgsl/shader-text.ts";
import type { UnaryProblem } from "./elementwise.problem.ts";

export function unaryWgsl(name: string, expression: string): readonly WgslVariant<UnaryProblem>[] {
  const body = /* wgsl */ `${flatInvocationText}

fn apply(x: f32) -> f32 {
  return ${expression};
}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < ELEMENTS * repeats) {
    y[i] = apply(x[i]);
  }
}`;
  return [
    {
      id: `${name}.wgsl`,
      sumOrder: "none",
      accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
      layouts: () => "any",
      stages: (p) => [
        wgslStage({
          name,
          sizes: { ELEMENTS: p.elements },
          bindings: [
            { name: "x", argument: input(0) },
            { name: "y", argument: output },
            { name: "repeats", argument: repeat },
          ],
          body,
          workgroups: flatGrid(p.elements),
        }),
      ],
    },
  ];
}
