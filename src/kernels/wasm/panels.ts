/**
 * Weights in panels: up to 8 neighbouring outputs (columns), whose weights for one k lie side by side, in the order in which the tile
 * of gemm-tile.ts reads them, behind their biases. Columns that are missing in the last panel are zeros.
 */
import type { FloatArray } from "../../tensor/dtype.ts";
import { flushDenormals } from "./pack.ts";

export interface Panel {
  /** 1 to 8. */
  readonly columns: number;
  /** Columns in memory: 4 or 8. */
  readonly width: number;
}

export const fullPanel: Panel = { columns: 8, width: 8 };

/** The panels of `columns` outputs: `full` ones, then perhaps a narrower one. */
export interface Panels {
  readonly full: number;
  readonly tail: Panel | undefined;
}

export function panelsOf(columns: number): Panels {
  const rest = columns % 8;
  return {
    full: Math.floor(columns / 8),
    tail: rest > 0 ? { columns: rest, width: rest > 4 ? 8 : 4 } : undefined,
  };
}

/** Numbers of one packed panel of sums over `depth` products. */
export function panelElements(panel: Panel, depth: number): number {
  return panel.width * (1 + depth);
}

/** Numbers of all packed panels. */
export function panelsElements({ full, tail }: Panels, depth: number): number {
  return full * panelElements(fullPanel, depth) + (tail ? panelElements(tail, depth) : 0);
}

export interface PanelSource {
  /** (columns, depth), row-major. */
  readonly weight: FloatArray;
  /** (columns) */
  readonly bias: FloatArray | undefined;
  readonly columns: number;
  readonly depth: number;
  /** Where the weight of each k lies in its column's row of `weight`; k itself unless told. */
  readonly order?: Int32Array;
}

/** Writes [panel][bias, then each k][column]. Denormals become 0: see flushDenormals. */
export function writePanels(out: Float32Array, source: PanelSource): void {
  const { weight, bias, columns, depth, order } = source;
  let base = 0;
  for (let first = 0; first < columns; first += 8) {
    const count = Math.min(8, columns - first);
    const width = count > 4 ? 8 : 4;
    for (let column = 0; column < count; column++) {
      const row = (first + column) * depth;
      if (bias) out[base + column] = bias[first + column]!;
      for (let k = 0; k < depth; k++) out[base + (1 + k) * width + column] = weight[row + (order ? order[k]! : k)]!;
    }
    base += width * (1 + depth);
  }
  flushDenormals(out);
}
