/**
 * Dispatches of any number of workgroups. WebGPU allows 65,535 in each dimension; a flat number of workgroups is folded into two, and
 * shaders unfold it by `flat_workgroup`. Elementwise shaders run one invocation a number, in workgroups of 64.
 */
import type { WgslStage } from "../op.ts";

/** WebGPU's least limit of workgroups in one dimension, used on every device so that shaders are the same everywhere. */
export const maxWorkgroupsInRow = 65_535;

export const flatInvocations = 64;

/** `total` workgroups in rows of 65,535; the last row may have some too many, which shaders must let pass. */
export function workgroupGrid(total: number): readonly [number, number, number] {
  return [Math.min(total, maxWorkgroupsInRow), Math.ceil(total / maxWorkgroupsInRow), 1];
}

/** The grid for one invocation each of `perRepeat` times the number of repeats. */
export function flatGrid(perRepeat: number): WgslStage["workgroups"] {
  return (repeat) => workgroupGrid(Math.ceil((perRepeat * repeat) / flatInvocations));
}

/** WGSL: the number of this workgroup, whatever row it is in. */
export const flatWorkgroupText = /* wgsl */ `
fn flat_workgroup(group: vec3u) -> u32 {
  return group.y * ${maxWorkgroupsInRow}u + group.x;
}`;

/** WGSL: the number of this invocation among all of a flat dispatch. */
export const flatInvocationText = /* wgsl */ `${flatWorkgroupText}

fn flat_invocation(group: vec3u, invocation: u32) -> u32 {
  return flat_workgroup(group) * ${flatInvocations}u + invocation;
}`;
