// The half of the benchmark on the CPU that is an engine in Node: engine-process.ts starts it and says how often to run.
// Engines are imported when they are opened, so that one can be measured where another is not there.
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { OpenRunner } from "../common/runner.ts";
import { networkWorkload, tracedNetwork } from "../common/workload.ts";
import type { CpuEngineName, EngineSpec } from "./cpu-engines.ts";
import type { ReadyAnswer, RunAnswer } from "./engine-process.ts";

const spec = JSON.parse(process.argv[2]!) as EngineSpec;
const { threads, optimizeFor } = spec;

const openers: Partial<Record<CpuEngineName, () => Promise<OpenRunner>>> = {
  ours: async () => (await import("./ours-cpu.ts")).openOursCpu({ threads, optimizeFor, simd: "auto" }),
  oursOther: async () => (await import("./ours-cpu.ts")).openOursCpu({ threads, optimizeFor, simd: "auto" }),
  ours128: async () => (await import("./ours-cpu.ts")).openOursCpu({ threads, optimizeFor, simd: "128" }),
  onnxruntimeNode: async () => (await import("../peers/onnxruntime-node.ts")).openOnnxruntimeNode(threads),
  onnxruntimeWeb: async () => (await import("../peers/onnxruntime-wasm.ts")).openOnnxruntimeWasm(threads),
  tfjsWasm: async () => (await import("../peers/tfjs-wasm.ts")).openTfjsWasm,
  tfjsWasmThreads: async () => (await import("../peers/tfjs-wasm.ts")).openTfjsWasmThreads(threads),
};

const answers = createWriteStream("", { fd: 3 });
const answer = (value: ReadyAnswer | RunAnswer) => answers.write(`${JSON.stringify(value)}\n`);

const photos = await readFile(spec.photos);
const graph = await tracedNetwork(spec.model, await readFile(spec.weights));
const pixels = new Float32Array(photos.buffer, photos.byteOffset, photos.byteLength / 4);
const open = await openers[spec.engine]!();
const runner = await open(networkWorkload(graph, spec.batch, pixels));
answer({ version: runner.version, threads: runner.threads ?? threads });

for await (const line of createInterface({ input: process.stdin })) {
  const milliseconds: number[] = [];
  let output: Float32Array = new Float32Array();
  for (let count = Number(line); count > 0; count--) {
    const start = performance.now();
    output = await runner.run();
    milliseconds.push(performance.now() - start);
  }
  answer({ milliseconds, output: [...output] });
}
await runner.dispose();
process.exit(); // some engines leave workers behind
