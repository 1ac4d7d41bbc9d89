// How fast each convolution kernel is on each kind of layer, on one thread: GFLOP/s (two a multiply-add of the definition, so that
// Winograd's may pass the peak), share of the peak, time of each stage. The peak is the best 6×16 (128 bits: 6×8) tile alone, in this run.
// Options: --simd 128|256 (both unless told), --batch N, --only TEXT (in the layer's name), --kernel TEXT (in the variant's id), --json
import { parseArgs } from "node:util";
import { conv2d } from "../../src/kernels/conv2d/conv2d.op.ts";
import { type Conv2dProblem, conv2dCost, conv2dDepth } from "../../src/kernels/conv2d/conv2d.problem.ts";
import type { WasmVariant } from "../../src/kernels/op.ts";
import { type BenchKernel, benchKernel } from "./bench-kernel.ts";
import { depths, layers } from "./layers.ts";

const { values } = parseArgs({
  options: {
    simd: { type: "string" },
    batch: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    kernel: { type: "string", default: "" },
    seconds: { type: "string", default: "0.15" },
    json: { type: "boolean", default: false },
  },
});
const repeat = Number(values.batch);
const widths = ([128, 256] as const).filter((simd) => values.simd === undefined || Number(values.simd) === simd);
const variants = conv2d.wasm === "view" ? [] : conv2d.wasm.filter(({ id }) => id.includes(values.kernel));

interface Timing {
  readonly best: number;
  readonly median: number;
  /** Of the best run. */
  readonly stages: readonly number[];
}

function measure(kernel: BenchKernel, seconds: number): Timing {
  kernel.run();
  const runs: { total: number; stages: number[] }[] = [];
  const end = performance.now() + 1000 * seconds;
  while (runs.length < 5 || performance.now() < end) {
    const stages = kernel.run();
    runs.push({ stages, total: stages.reduce((sum, ms) => sum + ms, 0) });
  }
  runs.sort((a, b) => a.total - b.total);
  return { best: runs[0]!.total, median: runs[runs.length >> 1]!.total, stages: runs[0]!.stages };
}

function kernelOf(variant: WasmVariant<Conv2dProblem>, problem: Conv2dProblem, simd: 128 | 256): BenchKernel {
  const outputs = problem.outChannels * problem.outHeight * problem.outWidth;
  return benchKernel(
    variant,
    problem,
    {
      elements: [
        problem.channels * problem.height * problem.width,
        problem.outChannels * conv2dDepth(problem),
        problem.outChannels,
        ...(problem.residual ? [outputs] : []),
      ],
      weights: [false, true, true, false],
      output: outputs,
    },
    { repeat, capabilities: { relaxedSimd: true, simd, threads: 2 } },
  );
}

/** The matrix product where everything is in the nearest cache: 96 pixels, 16 output channels, 256 channels. */
const peakProblem: Conv2dProblem = {
  ...{ channels: 256, height: 8, width: 12, outChannels: 16, outHeight: 8, outWidth: 12, groups: 1 },
  ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], bias: true, residual: false, relu: false },
};

const rows: object[] = [];
for (const simd of widths) {
  const direct = (conv2d.wasm as readonly WasmVariant<Conv2dProblem>[]).find(({ id }) => id.includes("gemm-fused"))!;
  const gflops = (problem: Conv2dProblem, ms: number) => (conv2dCost(problem).flops * repeat) / ms / 1e6;
  const peak = gflops(peakProblem, measure(kernelOf(direct, peakProblem, simd), 0.3).best);
  if (!values.json) console.log(`\n${simd} bits: the tile alone does ${peak.toFixed(0)} GFLOP/s; batch ${repeat}`);
  const totals = depths.map(() => 0);
  for (const { name, problem, counts } of layers.filter((layer) => layer.name.includes(values.only))) {
    let fastest = Number.POSITIVE_INFINITY;
    for (const variant of variants) {
      if (variant.accepts(problem, { relaxedSimd: true, simd, threads: 2 }) !== true) continue;
      if (!variant.id.endsWith("-fused")) continue;
      const kernel = kernelOf(variant, problem, simd);
      const { best, median, stages } = measure(kernel, Number(values.seconds));
      fastest = Math.min(fastest, best);
      const rate = gflops(problem, best);
      rows.push({ simd, layer: name, kernel: variant.id, best, median, stages, gflops: rate, peak });
      if (values.json) continue;
      const parts = stages.length > 1 ? `  ${stages.map((ms) => ms.toFixed(2)).join(" + ")}` : "";
      console.log(
        `${name.padEnd(20)} ${variant.id.padEnd(28)} ${best.toFixed(2).padStart(7)} ms (median ${median.toFixed(2)})` +
          `${rate.toFixed(0).padStart(6)} GFLOP/s ${((100 * rate) / peak).toFixed(0).padStart(4)} %${parts}`,
      );
    }
    for (const [i, count] of counts.entries()) if (count > 0) totals[i]! += count * fastest;
  }
  if (!values.json && values.only === "")
    console.log(`all convolutions: ${depths.map((d, i) => `resnet${d} ${totals[i]!.toFixed(1)} ms`).join(", ")}`);
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
