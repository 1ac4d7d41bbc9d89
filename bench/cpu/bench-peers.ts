// `npm run bench:peers`: this library on the CPU beside PyTorch, onnxruntime (native and WebAssembly) and TensorFlow.js, interleaved.
// README.md in bench/ says how to read it. Networks on all engines are recorded in bench/results as soon as each is measured. Ends with 1 where
// a target is missed, or a peer could not be had.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { oneNumberOf, oneOf, wholeNumber } from "../../src/cli/option-parsers.ts";
import type { OptimizeFor } from "../../src/kernels/op.ts";
import type { DepthName } from "../../test/support/golden-networks.ts";
import { engineOption } from "../common/engine-option.ts";
import { photoBytes, pytorchLogits, weightBytes } from "../common/golden-data.ts";
import { conditionsNow, keepResult, root, say } from "../common/keep-result.ts";
import { graphFlops, tracedNetwork } from "../common/workload.ts";
import {
  type CpuEngineName,
  cpuEngineNames,
  cpuEngines,
  type EngineSpec,
  engineTitle,
  modeOf,
  modeOfEngine,
} from "./cpu-engines.ts";
import { type CpuResult, cpuPage, cpuTimesTable, keyOfCpu, shortfallsOf, targetsTable } from "./cpu-report.ts";
import { hostKindOf } from "./cpu-targets.ts";
import { EngineProcess } from "./engine-process.ts";
import { measureRounds } from "./measure-rounds.ts";

const models: readonly DepthName[] = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"];
const batches: readonly number[] = [1, 8];
const modes: readonly OptimizeFor[] = ["latency", "throughput"];
const threads = 2;

interface Options {
  model?: DepthName;
  batch?: number;
  rounds: number;
  seconds: number;
  engine?: CpuEngineName[];
  optimizeFor?: OptimizeFor;
  python: string;
  record: boolean;
}

const options = new Command("bench:peers")
  .description("The CPU backend beside PyTorch, onnxruntime and TensorFlow.js, two threads each, one process each")
  .option("--model <name>", `${models.join(", ")}; all unless told`, oneOf("--model", models, "not measured here"))
  .option("--batch <n>", "1 or 8; both unless told", oneNumberOf("--batch", batches, "not measured here"))
  .option("--rounds <n>", "of each workload", wholeNumber("--rounds", 1, 1000), 15)
  .option("--seconds <n>", "that an engine runs in a round", wholeNumber("--seconds", 1, 600), 1)
  .addOption(engineOption(cpuEngineNames))
  .option(
    "--optimize-for <mode>",
    "latency or throughput; for batch 1 the former and for others the latter unless told",
    oneOf("--optimize-for", modes, "there is no such mode"),
  )
  .option("--python <command>", "with torch and torchvision", process.env.RESIDUAL_PYTHON ?? "python3")
  .option("--no-record", "only print")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

if (!existsSync(`${root}bench/peers/node_modules`)) {
  console.error("bench:peers: the peers are not installed: npm ci --prefix bench/peers --ignore-scripts");
  process.exit(2);
}
const engines = cpuEngineNames.filter((name) => name === "ours" || (options.engine?.includes(name) ?? true));
const recorded = options.record && !options.engine && !options.optimizeFor;
const host = hostKindOf(existsSync("/proc/cpuinfo") ? await readFile("/proc/cpuinfo", "utf8") : "");

const folder = await mkdtemp(join(tmpdir(), "residual-bench-"));
const results: CpuResult[] = [];
try {
  const photos = join(folder, "photos.f32");
  await writeFile(photos, await photoBytes());
  for (const model of models.filter((name) => name === (options.model ?? name))) {
    const weights = join(folder, `${model}.safetensors`);
    const bytes = await weightBytes(model);
    await writeFile(weights, bytes);
    const flops = graphFlops(await tracedNetwork(model, bytes));
    for (const batch of batches.filter((size) => size === (options.batch ?? size)))
      results.push(await measureWorkload({ model, batch, threads, weights, photos }, flops * batch));
    await rm(weights);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`${cpuTimesTable(results)}\n\n${targetsTable(results, host)}`);
const shortfalls = shortfallsOf(results, host);
for (const line of shortfalls) console.error(line);
process.exitCode = shortfalls.length === 0 ? 0 : 1;

async function measureWorkload(spec: Omit<EngineSpec, "engine" | "optimizeFor">, flops: number): Promise<CpuResult> {
  const { model, batch } = spec;
  const before = conditionsNow("bench/common", "bench/peers", "bench/cpu");
  const optimizeFor = options.optimizeFor ?? modeOf(batch);
  const start = (engine: CpuEngineName) => () =>
    startEngine({ ...spec, engine, optimizeFor: modeOfEngine(engine, optimizeFor) });
  const measured = await measureRounds(
    engines.map((name) => ({ name, start: start(name) })),
    {
      ...{ name: `${model}, batch ${batch}`, rounds: options.rounds, seconds: options.seconds, say },
      titleOf: (name) => engineTitle(name, optimizeFor),
      expected: await pytorchLogits(model, batch),
    },
  );
  const result = { model, batch, optimizeFor, flops, ...measured };
  say(`so far:\n${cpuTimesTable([...results, result])}`);
  if (recorded) {
    const conditions = { ...before, host, node: process.versions.node };
    const keep = { kind: "cpu", date: before.date, keyOf: keyOfCpu, page: cpuPage };
    say(`recorded in ${await keepResult({ ...result, conditions }, keep)}`);
  }
  return result;
}

function startEngine(spec: EngineSpec): EngineProcess {
  const argument = JSON.stringify(spec);
  if (cpuEngines[spec.engine].runtime === "python")
    return new EngineProcess(options.python, [join(root, "bench/peers/torch_cpu.py"), argument], {
      // Inductor compiles in this process, and no pool of others stays behind.
      TORCHINDUCTOR_COMPILE_THREADS: "1",
    });
  const main = join(root, "bench/cpu/cpu-engine-main.ts");
  return new EngineProcess(process.execPath, ["--conditions=source", main, argument]);
}
