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
const constant = (x: number): V128 => f32x4.const(x);

/** Bᵀ x */
export function inputTransform(
  { outputs }: Winograd,
  f: FunctionBuilder,
  x: Lanes,
  madd: MultiplyAdd,
): readonly V128[] {
  if (outputs === 2) {
    const [x0, x1, x2, x3] = x as Four;
    return [sub(x0, x2), add(x1, x2), sub(x2, x1), sub(x3, x1)];
  }
  const [x0, x1, x2, x3, x4, x5] = x as Six;
  // Rows 1 and 2 are b ∓ a, rows 3 and 4 are e ± c.
  const a = f.let(madd(constant(-root / 2), x3, mul(constant(root), x1)));
  const b = f.let(madd(constant(-2), x2, x4));
  const c = f.let(madd(constant(-root / 2), x1, mul(constant(root), x3)));
  const e = f.let(madd(constant(-0.5), x2, x4));
  return [
    madd(constant(-2.5), x2, add(x0, x4)),
    sub(b, a),
    add(b, a),
    add(e, c),
    sub(e, c),
    madd(constant(-2.5), x3, add(x1, x5)),
  ];
}

/** Aᵀ m */
export function outputTransform(
  { outputs }: Winograd,
  f: FunctionBuilder,
  m: Lanes,
  madd: MultiplyAdd,
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
    madd(constant(root), v, mul(constant(root / 2), q)),
    madd(constant(2), u, mul(constant(0.5), p)),
    madd(constant(2 * root), v, madd(constant(root / 4), q, m5)),
  ];
}
