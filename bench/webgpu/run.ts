// `npm run bench:webgpu`: this library on WebGPU beside TensorFlow.js and onnxruntime-web, on the same adapter, in one page, interleaved.
// README.md in bench/ says how to read it. Networks on all engines are recorded in bench/results as soon as each is measured. Ends with 1 where
// ours is slower than TensorFlow.js.
import { existsSync } from "node:fs";
import { Command } from "commander";
import { oneNumberOf, oneOf, wholeNumber } from "../../src/cli/option-parsers.ts";
import { engineOption } from "../common/engine-option.ts";
import { photoBytes, pytorchLogits, weightBytes } from "../common/golden-data.ts";
import { conditionsNow, keepResult, root, say } from "../common/keep-result.ts";
import { startBrowser } from "./browser.ts";
import { type EngineName, engineNames } from "./engine-names.ts";
import { measure } from "./measure.ts";
import type { BenchModel } from "./page.ts";
import { keyOf, type RecordedResult, recordPage } from "./record.ts";
import { type Result, resultTable, slowerThanTfjs } from "./report.ts";

const models: readonly BenchModel[] = ["resnet18", "resnet50"];
const batches: readonly number[] = [1, 8];

interface Options {
  model?: BenchModel;
  batch?: number;
  rounds?: number;
  seconds: number;
  engine?: EngineName[];
  layers?: boolean;
  record: boolean;
}

const options = new Command("bench:webgpu")
  .description("WebGPU beside TensorFlow.js and onnxruntime-web, on SwiftShader in headless Chromium")
  .option("--model <name>", "resnet18 or resnet50; both unless told", oneOf("--model", models, "not measured here"))
  .option("--batch <n>", "1 or 8; both unless told", oneNumberOf("--batch", batches, "not measured here"))
  .option("--rounds <n>", "as many as fit into --seconds, at least 5, unless told", wholeNumber("--rounds", 1, 1000))
  .option("--seconds <n>", "for the rounds of one workload", wholeNumber("--seconds", 1, 3600), 120)
  .addOption(engineOption(engineNames))
  .option("--layers", "each kind of convolution alone, instead of the networks")
  .option("--no-record", "only print")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

const engines = engineNames.filter((name) => options.engine?.includes(name) ?? true);
const recorded = options.record && !options.engine && !options.layers;
if (!existsSync(`${root}bench/peers/node_modules`)) {
  console.error("bench:webgpu: the peers are not installed: npm ci --prefix bench/peers --ignore-scripts");
  process.exit(2);
}

await using browser = await startBrowser(benchData);
const { page } = browser;
const runtime = { browser: browser.version, adapter: await page.adapter() };
const common = { engines, rounds: options.rounds, seconds: options.seconds, say };
const results: Result[] = [];
for (const model of models.filter((name) => name === (options.model ?? name)))
  for (const batch of batches.filter((size) => size === (options.batch ?? size))) {
    if (options.layers) {
      for (const { node, label, count, flops } of await page.layers(model)) {
        const { engines } = await measure(page, { model, batch, layer: node }, common);
        results.push({ model, batch, layer: { label, count }, flops: flops * batch, engines });
      }
      continue;
    }
    const before = conditionsNow("bench/common", "bench/peers", "bench/webgpu");
    const expected = await pytorchLogits(model, batch);
    const { engines, versions } = await measure(page, { model, batch }, { ...common, expected });
    const result = { model, batch, flops: (await page.flops(model)) * batch, engines };
    results.push(result);
    say(`so far:\n${resultTable(results)}`);
    if (recorded) await record({ ...result, conditions: { ...before, ...runtime, versions } });
  }
console.log(resultTable(results));
const slower = slowerThanTfjs(results);
for (const line of slower) console.error(`SLOWER: ${line}`);
process.exitCode = slower.length === 0 ? 0 : 1;

async function record(result: RecordedResult): Promise<void> {
  const { date } = result.conditions;
  say(`recorded in ${await keepResult(result, { kind: "webgpu", date, keyOf, page: recordPage })}`);
}

/** The bytes of `photos`, or of the weights of a network's name. */
async function benchData(name: string): Promise<Uint8Array> {
  if (name === "photos") return photoBytes();
  const model = models.find((known) => known === name);
  if (!model) throw new Error(`bench-data: there is no ${name}`);
  return weightBytes(model);
}
