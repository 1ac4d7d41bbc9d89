// `npm run bench:webgpu`: this library on WebGPU beside TensorFlow.js and onnxruntime-web, on the same adapter, in one page, interleaved.
// README.md in bench/ says how to read it. A whole run is recorded in bench/results, one narrowed by options is only printed. Ends with 1
// where ours is slower than TensorFlow.js.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { oneNumberOf, oneOf, wholeNumber } from "../../src/cli/option-parsers.ts";
import { startBrowser } from "./browser.ts";
import { benchData, pytorchLogits } from "./data.ts";
import { measure } from "./measure.ts";
import { type BenchRecord, type Result, resultFile, resultPage, resultTable, slowerThanTfjs } from "./report.ts";
import { type EngineName, engineNames } from "./runner.ts";
import type { BenchModel } from "./workload.ts";

const models: readonly BenchModel[] = ["resnet18", "resnet50"];
const batches: readonly number[] = [1, 8];

interface Options {
  model?: BenchModel;
  batch?: number;
  rounds?: number;
  seconds: number;
  engine?: EngineName[];
  layers?: boolean;
}

const collect = (flag: string) => {
  const parse = oneOf(flag, engineNames, "there is no such engine");
  return (value: string, before: EngineName[] = []) => [...before, parse(value)];
};
const options = new Command("bench:webgpu")
  .description("WebGPU beside TensorFlow.js and onnxruntime-web, on SwiftShader in headless Chromium")
  .option("--model <name>", "resnet18 or resnet50; both unless told", oneOf("--model", models, "not measured here"))
  .option("--batch <n>", "1 or 8; both unless told", oneNumberOf("--batch", batches, "not measured here"))
  .option("--rounds <n>", "as many as fit into --seconds, at least 5, unless told", wholeNumber("--rounds", 1, 1000))
  .option("--seconds <n>", "for the rounds of one workload", wholeNumber("--seconds", 1, 3600), 120)
  .option("--engine <name>", `${engineNames.join(", ")}; may be given several times`, collect("--engine"))
  .option("--layers", "each kind of convolution alone, instead of the networks")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
const engines = engineNames.filter((name) => options.engine?.includes(name) ?? true);
const whole = !options.model && !options.batch && !options.engine && !options.layers;
const root = fileURLToPath(new URL("../..", import.meta.url));
if (!existsSync(`${root}bench/peers/node_modules`)) {
  console.error("bench:webgpu: the peers are not installed: npm ci --prefix bench/peers --ignore-scripts");
  process.exit(2);
}

const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const machine = {
  ...{ cpu: cpus()[0]!.model.trim(), cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) },
  load: loadavg()[0]!,
};
const commit = { commit: git("rev-parse", "HEAD"), modified: git("status", "--porcelain", "--", "src") !== "" };

await using browser = await startBrowser(benchData);
const { page } = browser;
const results: Result[] = [];
let versions: BenchRecord["versions"] = {};
const keep = (result: Result) => {
  results.push(result);
  say(`so far:\n${resultTable(results)}`);
};
const common = { engines, rounds: options.rounds, seconds: options.seconds, say };
for (const model of models.filter((name) => name === (options.model ?? name)))
  for (const batch of batches.filter((size) => size === (options.batch ?? size))) {
    if (options.layers) {
      for (const { node, label, count, flops } of await page.layers(model)) {
        const measured = await measure(page, { model, batch, layer: node }, common);
        keep({ model, batch, layer: { label, count }, flops: flops * batch, engines: measured.engines });
      }
      continue;
    }
    const expected = await pytorchLogits(model, batch);
    const measured = await measure(page, { model, batch }, { ...common, expected });
    versions = measured.versions;
    keep({ model, batch, flops: (await page.flops(model)) * batch, engines: measured.engines });
  }

console.log(resultTable(results));
if (whole) {
  const runtime = { browser: browser.version, adapter: await page.adapter(), versions };
  const record: BenchRecord = { date: new Date().toISOString(), ...commit, machine, ...runtime, results };
  const file = resultFile(record);
  const folder = `${root}bench/results`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${file}`, `${JSON.stringify(record, null, 1)}\n`);
  await writeFile(`${folder}/webgpu.md`, resultPage(record, file));
  say(`recorded in bench/results/${file}`);
}
const slower = slowerThanTfjs(results);
for (const line of slower) console.error(`SLOWER: ${line}`);
process.exitCode = slower.length === 0 ? 0 : 1;
