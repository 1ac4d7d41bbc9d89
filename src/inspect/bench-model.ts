/** Times a network alone: preprocessed images in memory to its vectors in memory, no decoding. */
import { peakMemory } from "#platform";
import type { StepTime } from "../backends/backend.ts";
import { OptionError } from "../errors.ts";
import { modelOfName } from "../model/architectures.ts";
import { defaultLayer, type ModelDevice } from "../model/model.ts";
import { type OpenOptions, openNetwork } from "../model/open-model.ts";
import { type EventLoopDelay, watchEventLoop } from "./event-loop.ts";
import { madeUpWeights, noise } from "./made-up-weights.ts";
import { type Measurement, measure, summaryOf } from "./measure.ts";

export interface BenchModelOptions extends OpenOptions {
  readonly model: string;
  /** Images of a run; 1 unless told. */
  readonly batch?: number;
  /** How long runs are counted; 5 unless told. */
  readonly seconds?: number;
  /** The node whose value is asked for; the penultimate layer unless told. */
  readonly layer?: string;
  /** Times the steps too. */
  readonly perLayer?: boolean;
  /** Gives the plan as well: the graph after each pass, and each step's kernel with the reason for it. */
  readonly plan?: boolean;
}

export interface LayerTime {
  readonly node: string;
  readonly kernel: string;
  /** Milliseconds: the median of its times in the runs. */
  readonly median: number;
  readonly gflops: number;
  /** GFLOP/s as a part of the device's peak. Above 1 where the kernel needs fewer operations than the plain sum (Winograd's). */
  readonly shareOfPeak: number;
}

export interface BenchModelResult {
  readonly model: string;
  readonly weights: string;
  readonly batch: number;
  readonly layer: string;
  readonly optimizeFor: "latency" | "throughput";
  readonly device: ModelDevice;
  readonly milliseconds: Measurement;
  readonly imagesPerSecond: number;
  /** Opening: weights read and packed, kernels compiled; in milliseconds. */
  readonly opening: number;
  /** Of the caller's thread, in the runs; and while the model opened. */
  readonly eventLoop: { readonly running: EventLoopDelay; readonly opening: EventLoopDelay };
  /** Bytes of the whole process at most, once the runs were done; in Node alone. */
  readonly peakMemory?: number;
  /** GFLOP/s of all threads, multiplying and adding in registers, measured after the runs. WebAssembly only. */
  readonly peakGflops?: number;
  readonly layers?: readonly LayerTime[];
  readonly plan?: string;
}

/** Rejects as openModel does, and with OptionError for a batch or time that is none. */
export async function benchModel(options: BenchModelOptions): Promise<BenchModelResult> {
  const { batch = 1, seconds = 5, layer = defaultLayer, perLayer = false, optimizeFor = "latency", signal } = options;
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw new OptionError(`benchModel: batch is ${batch}; expected a whole number of at least 1`);
  if (!(seconds > 0 && seconds <= 3600)) throw new OptionError(`benchModel: seconds is ${seconds}; expected 0 to 3600`);
  const name = modelOfName(options.model);
  const weights = options.weights ?? (name === "tiny" ? undefined : madeUpWeights(name));
  const start = performance.now();
  const whileOpening = watchEventLoop();
  const opened = openNetwork({ ...options, weights });
  const { engine, runner, info, device } = await opened.catch((error) => {
    whileOpening.end();
    throw error;
  });
  try {
    if (device.device !== "wasm" && perLayer)
      throw new OptionError(`perLayer: steps are timed on WebAssembly alone, and this runs on ${device.device}`);
    if (device.device !== "wasm" && options.threads !== undefined)
      throw new OptionError(
        `threads: they are WebAssembly's, and this runs on ${device.device}, which decodes nothing`,
      );
    await runner.prepare([layer], batch, signal);
    const opening = performance.now() - start;
    const delayOpening = whileOpening.end();
    const { crop } = info.preset;
    const shape = [batch, 3, crop, crop];
    const input = { shape, dtype: "float32", data: noise(batch * 3 * crop * crop, 2) } as const;
    const run = (onTimes?: (times: readonly StepTime[]) => void) => runner.run(input, [layer], signal, onTimes);
    const whileRunning = watchEventLoop();
    const runs = { warmups: 3, seconds, least: 5, most: 1e6, signal };
    const milliseconds = await measure(() => run(), runs).finally(whileRunning.end);
    const eventLoop = { running: whileRunning.end(), opening: delayOpening };
    const memory = peakMemory();
    const peakGflops = await engine.measurePeak();
    const layers = perLayer ? await timeLayers(run, milliseconds.runs, peakGflops) : undefined;
    const plan = options.plan ? await runner.plan([layer]) : undefined;
    return {
      ...{ model: name, weights: info.weights, batch, layer, optimizeFor, device, milliseconds },
      ...{ imagesPerSecond: (1000 * batch) / milliseconds.median, opening, eventLoop },
      ...{ peakMemory: memory, peakGflops, layers, plan },
    };
  } finally {
    whileOpening.end(); // also where it failed
    runner.dispose();
  }
}

async function timeLayers(
  run: (onTimes: (times: readonly StepTime[]) => void) => Promise<unknown>,
  runs: number,
  peak = Number.NaN,
): Promise<LayerTime[]> {
  const all: (readonly StepTime[])[] = [];
  for (let i = 0; i < Math.min(runs, 50); i++) await run((times) => all.push(times));
  return all[0]!.map(({ node, variant, flops }, step) => {
    const { median } = summaryOf(all.map((times) => times[step]!.milliseconds));
    const gflops = flops / median / 1e6;
    return { node, kernel: variant, median, gflops, shareOfPeak: gflops / peak };
  });
}
