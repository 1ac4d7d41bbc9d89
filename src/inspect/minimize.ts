/**
 * The minimum of a smooth function by L-BFGS: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 (two loops) and 3.5 with
 * 3.6 (a step that meets the strong Wolfe conditions). npm has no kept library of it (fmin has conjugate gradients and a simplex, last
 * published years ago), so it is here.
 */

export interface MinimizeOptions {
  /** Ends when no part of the gradient is larger. */
  readonly gradient: number;
  readonly iterations: number;
  /** Called between iterations: gives way, or throws. */
  readonly pace?: () => Promise<void>;
}

/** The value at `x`; writes the gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the gradient is as small as was asked for. */
  readonly converged: boolean;
}

/** Pairs of steps and changes of the gradient that are remembered, as in SciPy. */
const memory = 10;
/** The strong Wolfe conditions' constants: decrease, curvature. */
const [decrease, curvature] = [1e-4, 0.9];

interface Point {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

export async function minimize(objective: Objective, start: Float64Array, options: MinimizeOptions): Promise<Minimum> {
  const at = (x: Float64Array): Point => {
    const gradient = new Float64Array(x.length);
    return { x, gradient, value: objective(x, gradient) };
  };
  const pairs: { step: Float64Array; change: Float64Array; inverse: number }[] = [];
  let here = at(start.slice());
  for (let iteration = 0; ; iteration++) {
    const converged = here.gradient.every((part) => Math.abs(part) <= options.gradient);
    if (converged || iteration >= options.iterations)
      return { x: here.x, value: here.value, iterations: iteration, converged };
    await options.pace?.();
    const direction = directionOf(here.gradient, pairs);
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(here.gradient, here.gradient))) : 1;
    const next = search(at, here, direction, first);
    if (!next) return { x: here.x, value: here.value, iterations: iteration, converged: false }; // as near as float64 comes
    const step = next.x.map((value, i) => value - here.x[i]!);
    const change = next.gradient.map((value, i) => value - here.gradient[i]!);
    const product = dot(step, change);
    if (product > Number.EPSILON * dot(change, change)) pairs.push({ step, change, inverse: 1 / product });
    if (pairs.length > memory) pairs.shift();
    here = next;
  }
}

/** −H·gradient, where H is the inverse of the curvature as the pairs tell of it. */
function directionOf(
  gradient: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array; inverse: number }[],
): Float64Array {
  const q = gradient.map((value) => -value);
  const weights: number[] = [];
  for (const { step, change, inverse } of pairs.toReversed()) {
    const weight = inverse * dot(step, q);
    weights.push(weight);
    addScaled(q, change, -weight);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.inverse * dot(last.change, last.change));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const { step, change, inverse } of pairs) addScaled(q, step, weights.pop()! - inverse * dot(change, q));
  return q;
}

/** A point along `direction` that meets the strong Wolfe conditions; undefined where rounding lets none be found. */
function search(
  at: (x: Float64Array) => Point,
  from: Point,
  direction: Float64Array,
  first: number,
): Point | undefined {
  const slope = dot(from.gradient, direction);
  if (slope >= 0) return undefined;
  const point = (length: number): Point & { length: number; slope: number } => {
    const there = at(from.x.map((value, i) => value + length * direction[i]!));
    return { ...there, length, slope: dot(there.gradient, direction) };
  };
  type Tried = ReturnType<typeof point>;
  let low: Tried = { ...from, length: 0, slope };
  let high: Tried | undefined;
  let length = first;
  for (let tries = 0; tries < 50; tries++) {
    const there = point(length);
    const tooHigh =
      there.value > from.value + decrease * length * slope || (low.length > 0 && there.value >= low.value);
    if (!tooHigh && Math.abs(there.slope) <= -curvature * slope) return there;
    if (tooHigh) high = there;
    else {
      if (there.slope * (high ? high.length - low.length : 1) >= 0) high = low;
      low = there;
    }
    length = high ? between(low, high) : 2 * length;
  }
  return low.length > 0 && low.value < from.value ? low : undefined;
}

/** Where the cubic through both values and slopes is least, kept a tenth away from either end. */
function between(
  a: { length: number; value: number; slope: number },
  b: { length: number; value: number; slope: number },
): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.length - b.length);
  const square = d1 * d1 - a.slope * b.slope;
  const d2 = Math.sign(b.length - a.length) * Math.sqrt(Math.max(0, square));
  const cubic = b.length - ((b.length - a.length) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
  const [least, most] = [Math.min(a.length, b.length), Math.max(a.length, b.length)];
  const margin = 0.1 * (most - least);
  return Number.isFinite(cubic) ? Math.min(most - margin, Math.max(least + margin, cubic)) : (least + most) / 2;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(to: Float64Array, what: Float64Array, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += scale * what[i]!;
}
