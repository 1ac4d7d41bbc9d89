/**
 * How shaders are put together: a header of `const` lines with the problem's sizes, the list of bindings (whose order is the order of
 * the stage's arguments), then one whole shader as a template literal. Optional parts are whole functions. Nothing here knows an op.
 */
import type { StageArgument, WgslCapabilities, WgslStage } from "../op.ts";

/** Sizes as WGSL constants of type u32, one a line: `const CHANNELS: u32 = 64u;`. */
export function sizesText(sizes: Readonly<Record<string, number>>): string {
  return Object.entries(sizes)
    .map(([name, value]) => `const ${name}: u32 = ${value}u;`)
    .join("\n");
}

/** A list of sizes as a WGSL constant; WGSL has no empty arrays, so an empty list gives one 0 that nobody reads. */
export function sizeListText(name: string, values: readonly number[]): string {
  const list = values.length > 0 ? values : [0];
  return `const ${name} = array<u32, ${list.length}>(${list.map((value) => `${value}u`).join(", ")});`;
}

export interface Binding {
  readonly name: string;
  /** Element type of the storage array: `f32` unless told. */
  readonly element?: "f32" | "vec4f";
  readonly argument: StageArgument;
}

/** The bindings in order, as WGSL; `repeat` is a plain u32. */
export function bindingsText(bindings: readonly Binding[]): string {
  return bindings
    .map(({ name, element = "f32", argument: { from } }, i) => {
      const place = `@group(0) @binding(${i})`;
      if (from === "repeat") return `${place} var<uniform> ${name}: u32;`;
      const access = from === "output" || from === "scratch" ? "read_write" : "read";
      return `${place} var<storage, ${access}> ${name}: array<${element}>;`;
    })
    .join("\n");
}

export interface StageText {
  readonly name: string;
  readonly bindings: readonly Binding[];
  /** Whole functions and the entry point `main`, after the header. */
  readonly body: string;
  readonly sizes: Readonly<Record<string, number>>;
  /** Lines before the header: `enable subgroups;`. */
  readonly directives?: string;
  readonly workgroups: WgslStage["workgroups"];
}

/** A stage whose arguments and bindings are one list. */
export function wgslStage({ name, bindings, body, sizes, directives = "", workgroups }: StageText): WgslStage {
  const code = [directives, sizesText(sizes), bindingsText(bindings), body].filter((part) => part !== "").join("\n\n");
  return { name, code, arguments: bindings.map((binding) => binding.argument), workgroups };
}

/** Statements that differ in a number only, one after another: how loops are unrolled where registers have names. */
export function unrolled(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

/** True when the device runs workgroups of this size, else the reason why not. */
export function fitsDevice(
  capabilities: WgslCapabilities,
  workgroup: { readonly invocations: number; readonly storageBytes?: number },
): true | string {
  const { maxInvocationsPerWorkgroup, maxWorkgroupStorageBytes } = capabilities;
  if (workgroup.invocations > maxInvocationsPerWorkgroup)
    return `needs ${workgroup.invocations} invocations a workgroup; the device has ${maxInvocationsPerWorkgroup}`;
  if ((workgroup.storageBytes ?? 0) > maxWorkgroupStorageBytes)
    return `needs ${workgroup.storageBytes} bytes of workgroup memory; the device has ${maxWorkgroupStorageBytes}`;
  return true;
}
