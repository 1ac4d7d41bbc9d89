/** Shapes and their arithmetic: row-major, outermost dimension first (an image batch is N, C, H, W). */

/** Sizes of the dimensions; [] for a scalar. */
export type Shape = readonly number[];

/** Number of elements; 1 for a scalar's empty shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** As an error or a printed graph shows it: `1×64×56×56`, `scalar` for the empty shape. */
export function formatShape(shape: readonly (number | string)[]): string {
  return shape.length === 0 ? "scalar" : shape.join("×");
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Row-major strides, in elements: stridesOf([2, 3, 4]) is [12, 4, 1]. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** True for a list of whole numbers ≥ 0 whose product is a safe integer. */
export function isShape(shape: Shape): boolean {
  return shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && Number.isSafeInteger(sizeOf(shape));
}

/** NumPy's broadcast of two shapes, or undefined when they do not go together. */
export function broadcastShapes(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}
