/** Vectors that point in the same direction: the nearest to one, and groups of near-duplicates. By cosine: 1 is the same direction. */
import type { FeatureRow, VectorRow } from "../features/features-of.ts";
import { createPacer } from "../tensor/pacer.ts";

export interface Neighbour {
  readonly image_path: string;
  readonly cosine: number;
}

/** The cosine of the angle between two vectors, in float64; 0 where one is zero. Throws RangeError where their lengths differ. */
export function cosineOf(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} numbers`);
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! * a[i]!;
    squareB += b[i]! * b[i]!;
  }
  return product === 0 ? 0 : product / Math.sqrt(squareA * squareB);
}

/** The `top` rows nearest to `query`, the nearest first. Only those are kept while rows come. */
export async function nearestRows(
  query: Float32Array,
  rows: AsyncIterable<FeatureRow>,
  top: number,
): Promise<Neighbour[]> {
  const nearest: Neighbour[] = [];
  for await (const { image_path, vector } of rows) {
    if (!vector) continue;
    const cosine = cosineOf(query, vector);
    if (nearest.length === top && cosine <= nearest.at(-1)!.cosine) continue;
    const at = nearest.findIndex((one) => one.cosine < cosine);
    nearest.splice(at < 0 ? nearest.length : at, 0, { image_path, cosine });
    if (nearest.length > top) nearest.pop();
  }
  return nearest;
}

/** Images that are near-duplicates of one another, perhaps by way of a third. */
export interface DuplicateGroup {
  readonly images: readonly string[];
  /** The least cosine of those pairs that make the group one. */
  readonly cosine: number;
}

/**
 * Groups of rows that are linked by cosines of at least `threshold`: every pair is looked at once, n² / 2 products. Groups come in the order of
 * their first image. The vectors are in memory together.
 */
export async function duplicateGroups(
  rows: readonly VectorRow[],
  threshold: number,
  signal?: AbortSignal,
): Promise<DuplicateGroup[]> {
  const units = rows.map(({ vector }) => unitOf(vector));
  const parent = [...rows.keys()];
  const least = new Float64Array(rows.length).fill(1);
  const rootOf = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!; // halves the path for the next one
      at = parent[at]!;
    }
    return at;
  };
  const pace = createPacer(signal);
  for (let i = 0; i < rows.length; i++) {
    await pace();
    for (let j = i + 1; j < rows.length; j++) {
      const cosine = product(units[i]!, units[j]!);
      if (cosine < threshold) continue;
      const [a, b] = [rootOf(i), rootOf(j)];
      if (a === b) continue;
      const [first, second] = a < b ? [a, b] : [b, a];
      parent[second] = first;
      least[first] = Math.min(least[first]!, least[second]!, cosine);
    }
  }
  const groups = Map.groupBy(rows.keys(), rootOf);
  return [...groups]
    .filter(([, members]) => members.length > 1)
    .map(([root, members]) => ({ images: members.map((i) => rows[i]!.image_path), cosine: least[root]! }));
}

function unitOf(vector: Float32Array): Float32Array {
  const length = Math.sqrt(product(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
