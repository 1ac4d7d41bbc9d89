/** Sums and maxima over the 64 invocations of a workgroup, in a fixed order: halves are folded onto one another, 32, 16, … 1. */

export const reduceInvocations = 64;
/** Of workgroup memory. */
export const reduceBytes = 4 * reduceInvocations;

/**
 * WGSL: `reduce(value: f32, invocation: u32) -> f32`, to be called by all invocations, gives all of them the same number. `combination`
 * is a whole function `combine(a: f32, b: f32) -> f32` of the shader's own.
 */
export function reduceText(functionName: string, combineName: string): string {
  return /* wgsl */ `
fn ${functionName}(value: f32, invocation: u32) -> f32 {
  workgroupBarrier(); // what was reduced before has been read
  parts[invocation] = value;
  workgroupBarrier();
  for (var half = ${reduceInvocations / 2}u; half > 0u; half /= 2u) {
    if (invocation < half) {
      parts[invocation] = ${combineName}(parts[invocation], parts[invocation + half]);
    }
    workgroupBarrier();
  }
  return parts[0];
}`;
}

/** WGSL: the memory that `reduceText` works in. */
export const reducePartsText = /* wgsl */ `
var<workgroup> parts: array<f32, ${reduceInvocations}>;`;
