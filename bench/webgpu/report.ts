/** What a benchmark of WebGPU found, and the table made of it. Pure: nothing is measured here. */
import { type Timed, timesOver, timesTable } from "../common/result-tables.ts";
import type { Spread } from "../common/statistics.ts";
import type { EngineName } from "./engine-names.ts";

export interface Result {
  readonly model: string;
  readonly batch: number;
  /** A convolution alone, where not the whole network ran; `count` is how often the network has it. */
  readonly layer?: { readonly label: string; readonly count: number };
  /** Floating-point operations of the whole batch. */
  readonly flops: number;
  /** The error is against PyTorch for a network and against ours for a layer. */
  readonly engines: Partial<Record<EngineName, Timed>>;
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
  const others = (Object.entries(engines) as [EngineName, Timed][]).filter(([name]) => name !== base);
  return Object.fromEntries(others.map(([name, timed]) => [name, timesOver(timed, measured)]));
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
  const rows = results.flatMap((result) => {
    const { model, batch, flops, layer } = result;
    const network = layer ? `${model}, ${layer.count} × ${layer.label}` : model;
    const ratios = timesOf("ours", result);
    return (Object.entries(result.engines) as [EngineName, Timed][]).map(([name, timed]) => {
      return { network, batch, flops, engine: titles[name], ratio: ratios[name], ...timed };
    });
  });
  return timesTable(rows);
}
