/**
 * Weights in panels: neighbouring outputs (columns), whose weights for one k lie side by side, in the order in which the tile of
 * gemm-tile.ts reads them, behind their biases. A full panel has 8 columns, or 16 where vectors of 256 bits take them two by two. Columns
 * that are missing in the last panel are zeros.
 */
import type { FloatArray } from "../../tensor/dtype.ts";
import { flushDenormals } from "./pack.ts";

export interface Panel {
  /** 1 to 16. */
  readonly columns: number;
  /** Columns in memory: 4, 8 or 16. */
  readonly width: number;
}

/** The panels of some outputs: full ones, then perhaps one with fewer columns. */
export interface Panels {
  readonly count: number;
  readonly full: Panel;
  readonly tail: Panel | undefined;
}

/** Widest panel of a vector width: 6 rows of it fill the registers. */
export function panelWidth(simd: 128 | 256): 8 | 16 {
  return simd === 256 ? 16 : 8;
}

export function panelsOf(columns: number, width: 8 | 16 = 8): Panels {
  const rest = columns % width;
  return {
    count: Math.floor(columns / width),
    full: { columns: width, width },
    tail: rest > 0 ? { columns: rest, width: rest > 8 ? 16 : rest > 4 ? 8 : 4 } : undefined,
  };
}

/** Numbers of one packed panel of sums over `depth` products. */
export function panelElements(panel: Panel, depth: number): number {
  return panel.width * (1 + depth);
}

/** Numbers of all packed panels. */
export function panelsElements({ count, full, tail }: Panels, depth: number): number {
  return count * panelElements(full, depth) + (tail ? panelElements(tail, depth) : 0);
}

export interface PanelSource {
  readonly panels: Panels;
  /** (columns, depth), row-major. */
  readonly weight: FloatArray;
  /** (columns) */
  readonly bias: FloatArray | undefined;
  readonly depth: number;
  /** Where the weight of each k lies in its column's row of `weight`; k itself unless told. */
  readonly order?: Int32Array;
}

/** Writes [panel][bias, then each k][column]. Denormals become 0: see flushDenormals. */
export function writePanels(out: Float32Array, source: PanelSource): void {
  const { weight, bias, depth, order } = source;
  const { count, full, tail } = source.panels;
  let base = 0;
  let first = 0;
  for (const { columns, width } of [...new Array<Panel>(count).fill(full), ...(tail ? [tail] : [])]) {
    for (let column = 0; column < columns; column++) {
      const row = (first + column) * depth;
      if (bias) out[base + column] = bias[first + column]!;
      for (let k = 0; k < depth; k++) out[base + (1 + k) * width + column] = weight[row + (order ? order[k]! : k)]!;
    }
    base += width * (1 + depth);
    first += columns;
  }
  flushDenormals(out);
}
