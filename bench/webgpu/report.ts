/** What a benchmark of WebGPU found, and the table made of it. Pure: nothing is measured here. */
import { markdownTable } from "../common/markdown-table.ts";
import { ratiosOf, type Spread, spreadOf } from "../common/statistics.ts";
import type { EngineName } from "./engine-names.ts";

export interface Measured {
  /** Of each round, in order. */
  readonly milliseconds: readonly number[];
  /** Largest relative error, max|a-b| / max|b|, against PyTorch for a network and against ours for a layer. */
  readonly error: number;
}

export interface Result {
  readonly model: string;
  readonly batch: number;
  /** A convolution alone, where not the whole network ran; `count` is how often the network has it. */
  readonly layer?: { readonly label: string; readonly count: number };
  /** Floating-point operations of the whole batch. */
  readonly flops: number;
  readonly engines: Partial<Record<EngineName, Measured>>;
}

export const titles: Record<EngineName, string> = {
  ours: "residual",
  oursGemm: "residual, wgsl-gemm",
  tfjs: "TensorFlow.js",
  onnxruntime: "onnxruntime-web",
};

/** How many times longer each other engine took than `base`, by rounds; nothing where that was not measured. */
export function timesOf(base: EngineName, { engines }: Result): Partial<Record<EngineName, Spread>> {
  const measured = engines[base];
  if (!measured) return {};
  const others = (Object.entries(engines) as [EngineName, Measured][]).filter(([name]) => name !== base);
  return Object.fromEntries(
    others.map(([name, { milliseconds }]) => [name, spreadOf(ratiosOf(milliseconds, measured.milliseconds))]),
  );
}

/** What one of ours was slower than TensorFlow.js in, one line each. */
export function slowerThanTfjs(results: readonly Result[]): string[] {
  const pairs = results.flatMap((result) => (["ours", "oursGemm"] as const).map((own) => ({ result, own })));
  return pairs.flatMap(({ result, own }) => {
    const ratio = timesOf(own, result).tfjs;
    if (!ratio || ratio.median >= 1) return [];
    const what = [result.model, result.layer?.label, `batch ${result.batch}`].filter((part) => part !== undefined);
    return [`${what.join(", ")}: TensorFlow.js takes ${ratio.median.toFixed(2)} times as long as ${titles[own]}`];
  });
}

/** The table, as Markdown. */
export function resultTable(results: readonly Result[]): string {
  const rows = [["network", "batch", "engine", "ms", "quartiles", "GFLOP/s", "times ours", "quartiles", "error"]];
  for (const result of results) {
    const ratios = timesOf("ours", result);
    const layer = result.layer ? `, ${result.layer.count} × ${result.layer.label}` : "";
    for (const [name, measured] of Object.entries(result.engines) as [EngineName, Measured][]) {
      const time = spreadOf(measured.milliseconds);
      const ratio = ratios[name];
      rows.push([
        ...[`${result.model}${layer}`, String(result.batch), titles[name]],
        ...[time.median.toFixed(0), `${time.low.toFixed(0)} to ${time.high.toFixed(0)}`],
        (result.flops / time.median / 1e6).toFixed(2),
        ...(ratio ? [ratio.median.toFixed(2), `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`] : ["", ""]),
        measured.error.toExponential(1),
      ]);
    }
  }
  return markdownTable(rows);
}
