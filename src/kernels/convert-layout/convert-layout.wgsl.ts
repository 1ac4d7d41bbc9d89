/** convertLayout in WGSL: one invocation a number of the output, which is written in order and read across. */
import { input, output, repeat } from "../argument.ts";
import type { WgslVariant } from "../op.ts";
import { flatGrid, flatInvocations, flatInvocationText } from "../wgsl/dispatch.ts";
import { fitsDevice, wgslStage } from "../wgsl/shader-text.ts";
import type { ConvertLayoutProblem } from "./convert-layout.problem.ts";

export const convertLayoutWgsl: readonly WgslVariant<ConvertLayoutProblem>[] = [
  {
    id: "convertLayout.wgsl",
    sumOrder: "none",
    accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
    layouts: (p) => ({ inputs: [p.from], output: p.to }),
    stages: (p) => {
      // An image is a matrix, CHANNELS × POSITIONS in nchw, and its transpose in nhwc: (ROWS, COLUMNS) are the output's.
      const [rows, columns] = p.to === "nhwc" ? [p.positions, p.channels] : [p.channels, p.positions];
      return [
        wgslStage({
          name: "convertLayout",
          sizes: { ROWS: rows, COLUMNS: columns },
          bindings: [
            { name: "x", argument: input(0) },
            { name: "y", argument: output },
            { name: "repeats", argument: repeat },
          ],
          body: p.from === p.to ? copyBody : transposeBody,
          workgroups: flatGrid(rows * columns),
        }),
      ];
    },
  },
];

const transposeBody = /* wgsl */ `${flatInvocationText}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < ROWS * COLUMNS * repeats) {
    let image = i / (ROWS * COLUMNS);
    let row = (i / COLUMNS) % ROWS;
    let column = i % COLUMNS;
    y[i] = x[(image * COLUMNS + column) * ROWS + row];
  }
}`;

const copyBody = /* wgsl */ `${flatInvocationText}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < ROWS * COLUMNS * repeats) {
    y[i] = x[i];
  }
}`;
