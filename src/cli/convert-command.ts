/** `residual convert IN OUT`: any readable weights to a safetensors file that says of itself all that it needs. */

import { Command } from "commander";
import { pathKind } from "#platform";
import {
  type Conversion,
  type ConvertOptions,
  type FloatDtype,
  floatDtypes,
  planConversion,
} from "../model/convert-weights.ts";
import { checkOnline } from "../model/open-state.ts";
import { verifyConversion } from "../model/verify-conversion.ts";
import type { Output } from "../platform/platform.ts";
import { formatBytes } from "../tensor/format-bytes.ts";
import { openWeights } from "../weights/open-weights.ts";
import { streamSafetensors } from "../weights/safetensors-write.ts";
import type { WeightFile } from "../weights/weight-file.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted, UsageError } from "./exit.ts";
import { Interruption } from "./interruption.ts";
import { choice, weightsOf } from "./model-options.ts";
import { notEmpty, refuseRepeats } from "./option-parsers.ts";
import { openRows, standardOutput } from "./output-file.ts";
import { asPath } from "./path-list.ts";

interface ConvertFlags {
  dtype?: FloatDtype;
  foldBn?: boolean;
  keepNames?: boolean;
  prefix?: string;
  verify?: boolean;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export function addConvertCommand(program: Command, onExit: (code: ExitCode) => void): void {
  describeConvert(program.command("convert"), onExit);
}

/** The command on its own, for tools/convert-pth.ts. */
export function convertProgram(name: string, onExit: (code: ExitCode) => void): Command {
  return describeConvert(new Command(name), onExit);
}

function describeConvert(command: Command, onExit: (code: ExitCode) => void): Command {
  const dtypes = Object.keys(floatDtypes).filter((name): name is FloatDtype => Object.hasOwn(floatDtypes, name));
  command
    .description(
      "Writes weights (PyTorch's, safetensors, sharded too, ONNX) as one safetensors file with torchvision's names.",
    )
    .argument("<in>", "the weight file, or its https: address; for weights in several files their index")
    .argument("<out>", "the file to write, which appears whole or not at all; - for standard output")
    .addOption(choice("--dtype <name>", "what floats become (default: as they are)", dtypes, "there is no such dtype"))
    .option("--fold-bn", "folds the batch norms into the convolutions, in float64, rounded once")
    .option("--keep-names", "all tensors under their own names, of whatever network")
    .option("--prefix <text>", "the network below this prefix, of several in a checkpoint", notEmpty("--prefix"))
    .option("--verify", "reads OUT back and compares every tensor with what was to be written")
    .option("--force", "replaces OUT where it exists")
    .option("--json", "a summary as one JSON object; errors and progress as JSON lines")
    .option("--quiet", "errors only on standard error")
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (143 by SIGTERM).")
    .action(async (from: string, to: string, flags: ConvertFlags) => onExit(await runConvert(from, to, flags)));
  refuseRepeats(command);
  return command;
}

async function runConvert(from: string, to: string, flags: ConvertFlags): Promise<ExitCode> {
  const options = optionsOf(to, flags);
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  let state: WeightFile | undefined;
  let output: Output | undefined;
  let written = false;
  const sayInterrupted = () =>
    console.notice(
      `interrupted; ${written ? `${to} was written, not verified` : to === "-" ? "what was written is cut short" : `${to} was not written`}`,
    );
  const interruption = new Interruption(() => {
    output?.discardNow();
    sayInterrupted();
  });
  const { signal } = interruption;
  try {
    const source = weightsOf(from, "IN");
    const target = to === "-" ? to : asPath(to);
    checkOnline(source, {});
    state = await openWeights(source, { signal });
    const conversion = await planConversion(state, options);
    for (const note of conversion.notes) console.notice(note);
    signal.throwIfAborted();
    const inputs = typeof source === "string" ? [source, ...(state.parts ?? [])] : [];
    output = await openRows(target, inputs, `OUT ${to}`);
    if (output && !flags.force && (await pathKind(target)) === "file")
      throw new UsageError(`${to}: exists already; --force replaces it`);
    const write = output ? (chunk: Uint8Array) => output!.write(chunk) : standardOutput(signal);
    const progress = progressIn(console);
    const bytes = await streamSafetensors(conversion.tensors, conversion.metadata, write, { progress, signal });
    signal.throwIfAborted();
    await output?.commit();
    written = true;
    console.end();
    if (flags.verify) await verifyConversion(conversion, target, { progress: progressIn(console), signal });
    console.end();
    tell(console, conversion, { from, to, bytes, flags });
    return exitCode.done;
  } catch (error) {
    await output?.discard();
    console.end();
    if (error instanceof Interrupted) sayInterrupted();
    throw error;
  } finally {
    await state?.close();
    interruption.end();
  }
}

function optionsOf(to: string, { dtype, foldBn, keepNames, prefix, verify }: ConvertFlags): ConvertOptions {
  if (to === "" || /^https?:\/\//i.test(to))
    throw new UsageError(`OUT ${JSON.stringify(to)}: is no file to write; name one, or - for standard output`);
  if (to === "-" && verify)
    throw new UsageError("OUT -: what went to standard output cannot be read back; leave out --verify");
  if (keepNames && (foldBn || prefix !== undefined))
    throw new UsageError(
      `--keep-names: ${foldBn ? "--fold-bn" : "--prefix"} needs to know which network it is; leave out one of them`,
    );
  return { dtype, foldBatchNorm: foldBn, keepNames, prefix };
}

/** Megabytes, each said once. */
function progressIn(console: Console): (done: number, total: number) => void {
  let said = -1;
  return (done, total) => {
    const megabytes = Math.ceil(done / 1e6);
    if (megabytes !== said) console.progress({ done: megabytes, total: Math.ceil(total / 1e6), unit: "MB" });
    said = megabytes;
  };
}

function tell(
  console: Console,
  { tensors, model, owner, prefix, passedOver, notes }: Conversion,
  { from, to, bytes, flags }: { from: string; to: string; bytes: number; flags: ConvertFlags },
): void {
  const { dtype, foldBn: folded = false, verify: verified = false } = flags;
  if (flags.json) {
    const summary = {
      in: from,
      out: to,
      model,
      names: owner,
      prefix,
      dtype,
      folded,
      tensors: tensors.length,
      bytes,
      verified,
    };
    const line = `${JSON.stringify({ ...summary, passedOver: passedOver.length, notes })}\n`;
    if (to === "-") process.stderr.write(line);
    else process.stdout.write(line);
    return;
  }
  const what =
    model === undefined ? "names kept" : `a ${model}${owner === "torchvision" ? "" : `, from ${owner}'s names`}`;
  const where = prefix ? `, below ${JSON.stringify(prefix)}` : "";
  const rest = passedOver.length > 0 ? `; passed over ${passedOver.length} tensors that are not the network's` : "";
  console.notice(
    `${to}: ${what}${where}, ${tensors.length} tensors, ${formatBytes(bytes)}${verified ? ", all as they should be" : ""}${rest}`,
  );
}
