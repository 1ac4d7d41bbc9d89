// How far the vectors of one run lie from others, and the table of all runs. Pure: no runtime is started here.
import type { Device, SmokeResult } from "./smoke.ts";

export type Run = Omit<SmokeResult, "device"> & { version: string; device: string };

export interface Row {
  runtime: string;
  device: Device;
  /** What the run gave, or why it failed. */
  outcome: Run | Error;
}

/** The vectors to compare with: PyTorch's, and those of the first run. All in the photos' order. */
export interface Bases {
  pytorch: number[][];
  first: number[][];
}

/** What design and issue promise: WebGPU and WebAssembly against PyTorch, and one WebAssembly against another. */
const limits = { pytorch: 1e-4, webgpu: 1e-4, wasm: 1e-5 };

/**
 * Largest max|a−b| / max|b| over all photos.
 * @throws Error where the number of photos or of numbers differs, or a value is not finite: such vectors have no distance
 */
export function distance(vectors: number[][], base: number[][]): number {
  if (vectors.length !== base.length) throw new Error(`${vectors.length} vectors, expected ${base.length}`);
  return Math.max(
    ...vectors.map((vector, photo) => {
      const right = base[photo] as number[];
      if (vector.length !== right.length) throw new Error(`${vector.length} numbers, expected ${right.length}`);
      if (!vector.every(Number.isFinite)) throw new Error(`photo ${photo}: a number is not finite`);
      const largest = Math.max(...right.map(Math.abs));
      if (largest === 0) throw new Error(`photo ${photo}: the vector to compare with is all zero`);
      return Math.max(...vector.map((value, i) => Math.abs(value - (right[i] as number)))) / largest;
    }),
  );
}

/** The distances of one row, and what is wrong with it (nothing where it passes). */
export function judge({ device, outcome }: Row, bases: Bases): { cells: string[]; fault?: string } {
  if (outcome instanceof Error) return { cells: ["-", "-", "-", "-"], fault: outcome.message };
  try {
    const fromPytorch = distance(outcome.vectors, bases.pytorch);
    const fromFirst = distance(outcome.vectors, bases.first);
    const cells = [
      `${outcome.vectors.length} × ${outcome.vectors[0]?.length}`,
      fromPytorch.toExponential(1),
      fromFirst === 0 ? "same bits" : fromFirst.toExponential(1),
      outcome.milliseconds.toFixed(0),
    ];
    if (outcome.device !== device) return { cells, fault: `ran on ${outcome.device}, not on ${device}` };
    if (fromPytorch > limits.pytorch) return { cells, fault: `further than ${limits.pytorch} from PyTorch` };
    if (fromFirst > limits[device]) return { cells, fault: `further than ${limits[device]} from the first run` };
    return { cells };
  } catch (error) {
    return { cells: ["-", "-", "-", "-"], fault: error instanceof Error ? error.message : String(error) };
  }
}

/** All rows as text, and whether every one of them passes. */
export function report(rows: Row[], bases: Bases): { text: string; ok: boolean } {
  const judged = rows.map((row) => ({ row, ...judge(row, bases) }));
  const lines = [
    ["runtime", "version", "device", "vectors", "from PyTorch", "from the first", "ms", "ok", "on, or what is wrong"],
  ];
  for (const { row, cells, fault } of judged) {
    const { version, description } = row.outcome instanceof Error ? { version: "-", description: "-" } : row.outcome;
    lines.push([row.runtime, version, row.device, ...cells, fault === undefined ? "yes" : "NO", fault ?? description]);
  }
  const widths = (lines[0] as string[]).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return { text: text.join("\n"), ok: judged.every(({ fault }) => fault === undefined) };
}
