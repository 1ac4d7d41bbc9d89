/** `residual bench model`: times a network alone, and says on what. */
import { arch, availableParallelism, cpus, totalmem } from "node:os";
import type { Command } from "commander";
import { type BenchModelResult, benchModel } from "../inspect/bench-model.ts";
import { defaultLayer } from "../model/model.ts";
import { formatBytes } from "../tensor/format-bytes.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted } from "./exit.ts";
import { Interruption } from "./interruption.ts";
import { addModelOptions, type ModelFlags, openOptionsOf } from "./model-options.ts";
import { notEmpty, refuseRepeats, wholeNumber } from "./option-parsers.ts";

interface BenchFlags extends ModelFlags {
  batch: number;
  seconds: number;
  layer: string;
  perLayer?: boolean;
  plan?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export function addBenchCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const bench = program.command("bench").description("Measures this engine on this machine.");
  const command = bench
    .command("model")
    .description("Times a network alone: images in memory to vectors in memory. Without --weights it makes some up.");
  addModelOptions(command)
    .option("--batch <n>", "images of a run, 1 to 1024", wholeNumber("--batch", 1, 1024), 1)
    .option("--seconds <n>", "how long to measure, 1 to 3600; 5 runs at least", wholeNumber("--seconds", 1, 3600), 5)
    .option("--layer <node>", "the node whose value is asked for", notEmpty("--layer"), defaultLayer)
    .option("--per-layer", "times each step too (WebAssembly)")
    .option("--plan", "the graph after each pass, and each step's kernel with the reason for it")
    .option("--json", "the result as one JSON object; errors as JSON lines")
    .option("--quiet", "errors only on standard error")
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (143 by SIGTERM).")
    .action(async (flags: BenchFlags) => onExit(await runBenchModel(flags)));
  refuseRepeats(command, ["kernel"]);
}

/** What the numbers were measured on. */
interface Machine {
  readonly cpu: string;
  readonly arch: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly runtime: string;
}

async function runBenchModel(flags: BenchFlags): Promise<ExitCode> {
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  const interruption = new Interruption(() => console.notice("interrupted"));
  const { batch, seconds, layer, perLayer, plan } = flags;
  const result = await benchModel({
    ...openOptionsOf(flags),
    ...{ batch, seconds, layer, perLayer, plan, signal: interruption.signal },
    onWarning: (text) => console.notice(text),
    onProgress: (progress) => console.download(progress),
  })
    .catch((error) => {
      if (error instanceof Interrupted) console.notice("interrupted");
      throw error;
    })
    .finally(() => interruption.end());
  const machine = machineAtHand();
  process.stdout.write(flags.json ? `${JSON.stringify({ ...result, machine })}\n` : asText(result, machine));
  return exitCode.done;
}

function machineAtHand(): Machine {
  const { deno, bun, node } = process.versions;
  const runtime = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
  return {
    ...{ cpu: cpus()[0]?.model.trim() ?? "unknown", arch: arch(), processors: availableParallelism() },
    ...{ memoryGiB: Math.round(totalmem() / 2 ** 30), runtime },
  };
}

function asText(result: BenchModelResult, machine: Machine): string {
  const { milliseconds: ms, peakGflops, layers } = result;
  const number = (value: number): string => value.toPrecision(4);
  const lines = [
    `${result.model}, batch ${result.batch}, ${result.optimizeFor}, ${result.weights}`,
    `on ${result.device.device}: ${result.device.description}`,
    `${machine.cpu}, ${machine.processors} processors, ${machine.memoryGiB} GiB, ${machine.runtime}`,
    "",
    `median ${number(ms.median)} ms, quartiles ${number(ms.quartiles[0])} to ${number(ms.quartiles[1])}, ${ms.runs} runs`,
    `${number(result.imagesPerSecond)} images/s; opening took ${number(result.opening)} ms`,
  ];
  const { running, opening } = result.eventLoop;
  lines.push(
    `the caller's event loop came late by ${number(running.p99)} ms (p99), ${number(running.most)} at most; ` +
      `while it opened ${number(opening.p99)}, ${number(opening.most)}`,
  );
  if (result.peakMemory !== undefined) lines.push(`memory of the process: ${formatBytes(result.peakMemory)} at most`);
  if (peakGflops !== undefined) lines.push(`peak of multiply-adds ${number(peakGflops)} GFLOP/s`);
  if (layers) {
    const width = Math.max(...layers.map(({ node }) => node.length));
    lines.push("", `${"step".padEnd(width)}       ms  GFLOP/s  of peak  kernel`);
    for (const { node, kernel, median, gflops, shareOfPeak } of layers)
      lines.push(
        `${node.padEnd(width)} ${median.toFixed(3).padStart(8)} ${gflops.toFixed(1).padStart(8)} ${`${(100 * shareOfPeak).toFixed(0)} %`.padStart(8)}  ${kernel}`,
      );
  }
  if (result.plan !== undefined) lines.push("", result.plan);
  return `${lines.join("\n")}\n`;
}
