/**
 * matmul in WGSL: an invocation computes four rows of one column, so that a number of b serves four products and neighbours read
 * neighbouring numbers. Sums go over k in order. Where every repeat multiplies by the same b, their rows are one tall matrix.
 */
import { input, output, repeat } from "../argument.ts";
import type { WgslStage, WgslVariant } from "../op.ts";
import { flatInvocations, flatInvocationText, workgroupGrid } from "../wgsl/dispatch.ts";
import { fitsDevice, unrolled, wgslStage } from "../wgsl/shader-text.ts";
import type { MatmulProblem } from "./matmul.problem.ts";

const tileRows = 4;

export const matmulWgsl: readonly WgslVariant<MatmulProblem>[] = [
  {
    id: "matmul.wgsl-rows",
    sumOrder: "k",
    accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
    layouts: () => ({ inputs: ["nchw", "nchw"], output: "nchw" }),
    stages: (p) => [matmulStage(p)],
  },
];

function matmulStage(p: MatmulProblem): WgslStage {
  const [aWalks, bWalks] = p.walks;
  const isTall = p.matrices === 1 && aWalks && !bWalks;
  const sizes = { MATRICES: p.matrices, ROWS: p.rows, DEPTH: p.depth, COLUMNS: p.columns };
  const body = /* wgsl */ `${flatInvocationText}
${isTall ? tallText : stackedText(aWalks, bWalks)}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  let tiles = (row_count() + ${tileRows - 1}u) / ${tileRows}u;
  if (i >= matrix_count() * tiles * COLUMNS) {
    return;
  }
  let column = i % COLUMNS;
  let row = ((i / COLUMNS) % tiles) * ${tileRows}u;
  let matrix = i / (COLUMNS * tiles);
  let last = row_count() - 1u;
  let a0 = a_matrix(matrix) * ROWS * DEPTH;
  let b0 = b_matrix(matrix) * DEPTH * COLUMNS + column;
${unrolled(tileRows, (r) => `  let a_row${r} = a0 + min(row + ${r}u, last) * DEPTH; var sum${r} = 0.0;`)}
  for (var k = 0u; k < DEPTH; k++) {
    let b_k = b[b0 + k * COLUMNS];
${unrolled(tileRows, (r) => `    sum${r} = fma(a[a_row${r} + k], b_k, sum${r});`)}
  }
  let y0 = (matrix * row_count() + row) * COLUMNS + column;
${unrolled(tileRows, (r) => `  if (row + ${r}u <= last) { y[y0 + ${r}u * COLUMNS] = sum${r}; }`)}
}`;
  const invocations = (repeats: number) =>
    isTall
      ? Math.ceil((p.rows * repeats) / tileRows) * p.columns
      : repeats * p.matrices * Math.ceil(p.rows / tileRows) * p.columns;
  return wgslStage({
    name: "matmul",
    sizes,
    bindings: [
      { name: "a", argument: input(0) },
      { name: "b", argument: input(1) },
      { name: "y", argument: output },
      { name: "repeats", argument: repeat },
    ],
    body,
    workgroups: (repeats) => workgroupGrid(Math.ceil(invocations(repeats) / flatInvocations)),
  });
}

const tallText = /* wgsl */ `
fn row_count() -> u32 {
  return ROWS * repeats;
}

fn matrix_count() -> u32 {
  return 1u;
}

fn a_matrix(matrix: u32) -> u32 {
  return 0u;
}

fn b_matrix(matrix: u32) -> u32 {
  return 0u;
}`;

/** The matrices of all repeats are counted through; an operand that does not walk begins again with each repeat. */
function stackedText(aWalks: boolean, bWalks: boolean): string {
  return /* wgsl */ `
fn row_count() -> u32 {
  return ROWS;
}

fn matrix_count() -> u32 {
  return MATRICES * repeats;
}

fn a_matrix(matrix: u32) -> u32 {
  return ${aWalks ? "matrix" : "matrix % MATRICES"};
}

fn b_matrix(matrix: u32) -> u32 {
  return ${bWalks ? "matrix" : "matrix % MATRICES"};
}`;
}
