/**
 * exp on four lanes, within 1 unit in the last place of float32 (2 where the result is denormal). With n = round(x / ln 2) and
 * r = x − n · ln 2, |r| ≤ ln 2 / 2:  exp(x) = 2^n · exp(r), and exp(r) by its Taylor series, whose first term left out, r^8 / 8!, is
 * below 6e-9. ln 2 is split in two so that n · (its upper part) is exact (W. J. Cody, W. Waite, Software Manual for the Elementary
 * Functions, 1980). NaN stays; −∞ gives 0; results too large for float32 are ∞.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { f32x4, i32x4 } from "../../asm/simd.ts";
import type { V128 } from "../../asm/value.ts";

/** 355 / 512: nine bits, and n has at most eight. */
const ln2Upper = 0.693359375;
const ln2Lower = Math.LN2 - ln2Upper;
/** Below, the result rounds to 0; above, to ∞. */
const lowest = -104;
const highest = 89;
/** 1/7!, 1/6!, … 1/2! */
const series = [1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2];

export function expLanes(f: FunctionBuilder, x: V128): V128 {
  // pmin(a, b) is b < a ? b : a: with x first NaN stays.
  const bounded = f.let(f32x4.pmax(f32x4.pmin(x, f32x4.const(highest)), f32x4.const(lowest)));
  const n = f.let(f32x4.nearest(f32x4.mul(bounded, f32x4.const(Math.LOG2E))));
  const upper = f32x4.sub(bounded, f32x4.mul(n, f32x4.const(ln2Upper)));
  const r = f.let(f32x4.sub(upper, f32x4.mul(n, f32x4.const(ln2Lower))));
  // exp(r) = 1 + (r + r² · (1/2 + r · (1/6 + …)))
  const higher = f.let(f32x4.const(series[0]!));
  for (const factor of series.slice(1)) f.set(higher, f32x4.add(f32x4.mul(higher, r), f32x4.const(factor)));
  const squared = f32x4.mul(f32x4.mul(r, r), higher);
  const expR = f32x4.add(f32x4.add(squared, r), f32x4.const(1));
  // 2^n in two factors, since n goes beyond the exponents of normal numbers on both sides.
  const whole = f.let(i32x4.truncSatF32x4S(n));
  const half = f.let(i32x4.shrS(whole, 1));
  return f32x4.mul(f32x4.mul(expR, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** 2^n for n from −126 to 127: its exponent's bits. */
function powerOfTwo(n: V128): V128 {
  return i32x4.shl(i32x4.add(n, i32x4.const(127)), 23);
}
