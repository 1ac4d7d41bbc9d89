/**
 * Winograd's transforms of inputs and outputs along one axis, as instructions: conv2d.winograd.ts's Bᵀ and Aᵀ with what rows have in
 * common computed once. Each takes locals and gives expressions.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { f32x4 } from "../../asm/simd.ts";
import type { V128 } from "../../asm/value.ts";
import type { MultiplyAdd } from "../wasm/gemm-tile.ts";
import type { Winograd } from "./conv2d.winograd.ts";

/** As many as the tile has inputs. */
type Lanes = readonly V128[];
type Four = readonly [V128, V128, V128, V128];
type Six = readonly [...Four, V128, V128];

const root = Math.SQRT2;
const { add, sub, mul } = f32x4;

/** Gives a number of `transformNumbers` in all lanes. */
export type NumberOf = (x: number) => V128;

/**
 * The numbers that the transforms multiply by. They are read from memory: V8 makes a constant of 256 bits anew by six instructions
 * wherever it is used.
 */
export function transformNumbers({ outputs }: Winograd): readonly number[] {
  if (outputs === 2) return [];
  return [-root / 2, root, -2, -0.5, -2.5, root / 2, 2, 0.5, 2 * root, root / 4];
}

/** Bᵀ x */
export function inputTransform(
  { outputs }: Winograd,
  f: FunctionBuilder,
  x: Lanes,
  { madd, number }: { readonly madd: MultiplyAdd; readonly number: NumberOf },
): readonly V128[] {
  if (outputs === 2) {
    const [x0, x1, x2, x3] = x as Four;
    return [sub(x0, x2), add(x1, x2), sub(x2, x1), sub(x3, x1)];
  }
  const [x0, x1, x2, x3, x4, x5] = x as Six;
  // Rows 1 and 2 are b ∓ a, rows 3 and 4 are e ± c.
  const a = f.let(madd(number(-root / 2), x3, mul(number(root), x1)));
  const b = f.let(madd(number(-2), x2, x4));
  const c = f.let(madd(number(-root / 2), x1, mul(number(root), x3)));
  const e = f.let(madd(number(-0.5), x2, x4));
  return [
    madd(number(-2.5), x2, add(x0, x4)),
    sub(b, a),
    add(b, a),
    add(e, c),
    sub(e, c),
    madd(number(-2.5), x3, add(x1, x5)),
  ];
}

/** Aᵀ m */
export function outputTransform(
  { outputs }: Winograd,
  f: FunctionBuilder,
  m: Lanes,
  { madd, number }: { readonly madd: MultiplyAdd; readonly number: NumberOf },
): readonly V128[] {
  if (outputs === 2) {
    const [m0, m1, m2, m3] = m as Four;
    return [add(add(m0, m1), m2), add(sub(m1, m2), m3)];
  }
  const [m0, m1, m2, m3, m4, m5] = m as Six;
  const p = f.let(add(m1, m2));
  const q = f.let(sub(m1, m2));
  const u = f.let(add(m3, m4));
  const v = f.let(sub(m3, m4));
  return [
    add(add(m0, p), u),
    madd(number(root), v, mul(number(root / 2), q)),
    madd(number(2), u, mul(number(0.5), p)),
    madd(number(2 * root), v, madd(number(root / 4), q, m5)),
  ];
}
