/**
 * Which values share a buffer. Each value is written at one step and read up to another; two values may share a buffer when those
 * intervals do not meet. Greedy by size: the largest value first, into the first buffer that is free for its whole life (the heuristic
 * "greedy by size for shared objects" of Pisarchyk and Lee, 2020, arXiv:2001.03288).
 */
import type { PlanBuffer, Repeat } from "./plan.ts";

export interface Lifetime {
  /** Float32 numbers for each repeat. */
  readonly elements: number;
  readonly repeat: Repeat;
  /** Index of the step that writes it, −1 for what is there before the first. */
  readonly first: number;
  /** Index of the last step that reads it. */
  readonly last: number;
  /** Of images in a border of zeros: where it lies. Only values of one geometry share a buffer, so that its zeros stay zeros. */
  readonly geometry?: string;
}

export interface MemoryPlan {
  readonly buffers: readonly PlanBuffer[];
  /** The buffer of each lifetime, in the order given. */
  readonly assignment: readonly number[];
}

/** Batched and literal values never share: which is larger would depend on the batch. */
export function planMemory(lifetimes: readonly Lifetime[]): MemoryPlan {
  const numbers = (value: Lifetime) => value.elements * (value.repeat === "batch" ? 1 : value.repeat);
  const order = lifetimes.map((_, i) => i).sort((a, b) => numbers(lifetimes[b]!) - numbers(lifetimes[a]!) || a - b);
  const shared: { size: number; batched: boolean; geometry: string | undefined; users: Lifetime[] }[] = [];
  const assignment = new Array<number>(lifetimes.length);
  for (const i of order) {
    const value = lifetimes[i]!;
    const batched = value.repeat === "batch";
    let id = shared.findIndex(
      (buffer) =>
        buffer.batched === batched &&
        buffer.geometry === value.geometry &&
        buffer.users.every((user) => !overlap(user, value)),
    );
    if (id < 0) id = shared.push({ size: numbers(value), batched, geometry: value.geometry, users: [] }) - 1;
    shared[id]!.users.push(value);
    assignment[i] = id;
  }
  const buffers = shared.map(
    ({ size, batched, geometry }, id): PlanBuffer => ({
      ...{ id, elements: size, repeat: batched ? "batch" : 1 },
      ...(geometry === undefined ? {} : { zeroed: true }),
    }),
  );
  return { buffers, assignment };
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}
