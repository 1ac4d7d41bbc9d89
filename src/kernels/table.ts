/**
 * The one list of ops. A new op is its folder, a line here, a line among the engine's functions and its cases: dispatch, tests,
 * goldens and benchmarks all read this table, and the compiler names any implementation that is missing.
 */
import { conv2d } from "./conv2d/conv2d.op.ts";
import type { AnyOp } from "./op.ts";

export const table = {
  conv2d,
} satisfies Record<string, AnyOp>;

export type OpName = keyof typeof table;

/** An op by its name, its attributes unknown. */
export function opOf(name: OpName): AnyOp {
  return table[name];
}
