/**
 * Borders of zeros: an NHWC value may lie in memory with some rows and columns more around each of its images. They are 0 before the first
 * run, and no kernel writes them: who pads reads over an image's edge without a copy. The pass assign-borders decides on them.
 */

/** Rows above and below, columns left and right; printed as above, left, below, right. */
export interface Border {
  readonly above: number;
  readonly left: number;
  readonly below: number;
  readonly right: number;
}

/** Around what a kernel reads and writes, written by assign-borders into the attributes of ops whose kernels have rules (BorderRule). */
export interface Borders {
  /** Of the first value operand. */
  readonly input?: Border;
  readonly output?: Border;
}

/** How a kernel gets on with borders. */
export interface BorderRule {
  /** What it would have around its first value operand, instead of making a copy; undefined where it needs none. */
  readonly wanted?: Border;
  /** Reads its first value operand out of any border, at least as wide as the one it wants. */
  readonly reads: boolean;
  /** Writes its output into any border. */
  readonly writes: boolean;
}

/** Where the pixels of an image of (height, width) lie in memory, in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
  /** Of the image's first pixel. */
  readonly origin: number;
}

const none: Border = { above: 0, left: 0, below: 0, right: 0 };

export function extentWithin(height: number, width: number, border: Border = none): Extent {
  const { above, left, below, right } = border;
  const whole = width + left + right;
  return { height: height + above + below, width: whole, origin: above * whole + left };
}

/** Wide enough for both. */
export function widestBorder(a: Border, b: Border = none): Border {
  return {
    above: Math.max(a.above, b.above),
    left: Math.max(a.left, b.left),
    below: Math.max(a.below, b.below),
    right: Math.max(a.right, b.right),
  };
}

/** Those that a node's attributes speak of. */
export function bordersOf(attrs: { readonly borders?: Borders }): Borders {
  return attrs.borders ?? {};
}

export function formatBorder({ above, left, below, right }: Border): string {
  return `a border of ${above}, ${left}, ${below}, ${right}`;
}
