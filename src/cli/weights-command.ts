/** `residual weights list|download|verify|path|rm`: the pretrained files, and those that are in the cache. */
import type { Command } from "commander";
import { ResidualError } from "../errors.ts";
import { presets } from "../image/preset.ts";
import { enumOf, networkFacts, pretrainedLicence } from "../model/pretrained.ts";
import {
  cachedStateOf,
  cachePlace,
  fetchListed,
  filesNamed,
  type ListedFile,
  listedFiles,
  removeListed,
  verifyListed,
} from "../model/weights-cache.ts";
import { shownUrl } from "../platform/http.ts";
import { formatBytes } from "../tensor/format-bytes.ts";
import { addressOf } from "../weights/download/cached-weights.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted } from "./exit.ts";
import { Interruption } from "./interruption.ts";
import { mirrorOption } from "./model-options.ts";
import { notEmpty, refuseRepeats } from "./option-parsers.ts";

interface CommonFlags {
  json?: boolean;
  quiet?: boolean;
}

interface DownloadFlags extends CommonFlags {
  weights?: string;
  offline?: boolean;
  mirror?: string;
}

const names = "networks (resnet50, 50), enums (ResNet50_Weights.IMAGENET1K_V2) or files (resnet50-0676ba61.pth)";
const exits = "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 some failed, 130 interrupted (143 by SIGTERM).";

export function addWeightsCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const weights = program
    .command("weights")
    .description("torchvision's pretrained files: which there are, and the cache of them.");
  const add = (name: string, description: string): Command => {
    const json =
      name === "path" ? "errors as JSON lines" : "the result as JSON; notices, errors and progress as JSON lines";
    return weights
      .command(name)
      .description(description)
      .option("--json", json)
      .option("--quiet", "errors only on standard error")
      .addHelpText("after", exits);
  };
  const list = add("list", "Prints all files: size, accuracy, licence, and whether they are in the cache.").action(
    async (flags: CommonFlags) => onExit(await runList(flags)),
  );
  const download = add("download", "Downloads files into the cache, going on where an earlier download ended.")
    .argument("<name...>", names)
    .option(
      "--weights <enum>",
      "IMAGENET1K_V1 (the default), IMAGENET1K_V2 or DEFAULT, of networks",
      notEmpty("--weights"),
    )
    .option("--offline", "download nothing (as RESIDUAL_OFFLINE=1): fails for what is not in the cache")
    .addOption(mirrorOption())
    .action(async (texts: string[], flags: DownloadFlags) => {
      const files = texts.flatMap((text) => filesNamed(text, { weights: flags.weights }));
      onExit(await eachFile(files, flags, (file, tools) => downloadOne(file, flags, tools)));
    });
  const verify = add("verify", "Compares cached files with their SHA-256; all that are cached unless some are named.")
    .argument("[name...]", names)
    .action(async (texts: string[], flags: CommonFlags) => onExit(await runVerify(texts, flags)));
  const path = add("path", "Prints the cache's folder, or where the named files are in it.")
    .argument("[name...]", names)
    .action(async (texts: string[], flags: CommonFlags) => onExit(await runPath(texts, flags)));
  const rm = add(
    "rm",
    "Removes files from the cache (of a network all), which PyTorch uses too, and downloads that were begun.",
  )
    .argument("<name...>", names)
    .action(async (texts: string[], flags: CommonFlags) => {
      const files = texts.flatMap((text) => filesNamed(text, { all: true }));
      onExit(await eachFile(files, flags, removeOne));
    });
  for (const command of [list, download, verify, path, rm]) refuseRepeats(command);
}

/** What is done with a file, as one object of the list that --json prints, and as a line. */
interface Done {
  readonly line: string;
  readonly facts: object;
}

interface Tools {
  readonly console: Console;
  readonly signal: AbortSignal;
}

/** Does it for each file, the others too where one fails. */
async function eachFile(
  listed: readonly ListedFile[],
  flags: CommonFlags,
  work: (file: ListedFile, tools: Tools) => Promise<Done>,
): Promise<ExitCode> {
  const files = [...new Map(listed.map((one) => [one.entry.file, one])).values()]; // named twice, done once
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  const interruption = new Interruption(() => console.notice("interrupted"));
  const { signal } = interruption;
  const done: object[] = [];
  try {
    for (const file of files) {
      try {
        const { line, facts } = await work(file, { console, signal });
        console.end();
        done.push(facts);
        if (!flags.json) process.stdout.write(`${line}\n`);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ResidualError) || error.code === "option") throw error;
        console.error(error.message, error.code);
      } finally {
        console.end();
      }
    }
  } catch (error) {
    if (error instanceof Interrupted) console.notice("interrupted; what has come stays for the next time");
    throw error;
  } finally {
    interruption.end();
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(done)}\n`);
  if (done.length === files.length) return exitCode.done;
  return done.length === 0 ? exitCode.failed : exitCode.someFailed;
}

async function downloadOne(file: ListedFile, flags: DownloadFlags, { console, signal }: Tools): Promise<Done> {
  const fetched = await fetchListed(file, {
    ...(flags.offline ? { offline: true } : {}),
    ...(flags.mirror === undefined ? {} : { mirror: flags.mirror }),
    ...{ signal, onNotice: (text) => console.notice(text), onProgress: (progress) => console.download(progress) },
  });
  const sha256 = await verifyListed(file, { signal }); // also what was there: PyTorch may have been interrupted
  const { path, cached } = await cachedStateOf(file);
  const what = fetched ? "downloaded" : "was in the cache";
  return {
    line: `${path}: ${what}, ${formatBytes(cached ?? 0)}, SHA-256 ${sha256}`,
    facts: { ...identityOf(file), path, bytes: cached, sha256, downloaded: fetched },
  };
}

async function runVerify(texts: readonly string[], flags: CommonFlags): Promise<ExitCode> {
  const named = texts.map((text) => filesNamed(text, { all: true }));
  const files: ListedFile[] = [];
  for (const group of texts.length > 0 ? named : [listedFiles()]) {
    const there: ListedFile[] = [];
    for (const file of group) if ((await cachedStateOf(file)).cached !== undefined) there.push(file);
    // What was asked for and is not there at all is an error: that of its first file.
    files.push(...(there.length === 0 && texts.length > 0 ? group.slice(0, 1) : there));
  }
  if (files.length === 0) {
    const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
    console.notice(`no pretrained file is in the cache (${cachePlace()})`);
  }
  return eachFile(files, flags, async (file, { signal }) => {
    const sha256 = await verifyListed(file, { signal });
    const { path, cached } = await cachedStateOf(file);
    return { line: `${path}: right, SHA-256 ${sha256}`, facts: { ...identityOf(file), path, bytes: cached, sha256 } };
  });
}

async function removeOne(file: ListedFile): Promise<Done> {
  const { path } = await cachedStateOf(file);
  const freed = await removeListed(file);
  return {
    line: freed === undefined ? `${path}: was not there` : `${path}: removed, ${formatBytes(freed)} freed`,
    facts: { ...identityOf(file), path, freed: freed ?? 0 },
  };
}

async function runPath(texts: readonly string[], flags: CommonFlags): Promise<ExitCode> {
  const paths: string[] = [];
  for (const text of texts) for (const file of filesNamed(text)) paths.push((await cachedStateOf(file)).path);
  const all = texts.length === 0 ? [cachePlace()] : paths;
  process.stdout.write(flags.json ? `${JSON.stringify(all)}\n` : `${all.join("\n")}\n`);
  return exitCode.done;
}

async function runList(flags: CommonFlags): Promise<ExitCode> {
  const rows = [];
  for (const file of listedFiles()) rows.push({ file, ...(await cachedStateOf(file)) });
  if (flags.json) {
    const facts = rows.map(({ file, path, cached, partial }) => {
      const { bytes, mebibytes, sha256, top1, top5, preset } = file.entry;
      const { parameters, gmacs } = factsOf(file);
      return {
        ...{
          ...identityOf(file),
          url: shownUrl(addressOf(file.entry.file)),
          ...(bytes === undefined ? {} : { bytes }),
          mebibytes,
          sha256,
        },
        ...{ top1, top5, parameters, gmacs, resize: resizeOf(file), crop: presets[preset].crop, preset },
        ...{ licence: pretrainedLicence, path, cached: cached !== undefined, partialBytes: partial ?? 0 },
      };
    });
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return exitCode.done;
  }
  const head = ["enum", "file", "MiB", "top-1", "top-5", "M parameters", "GMAC", "resize", "in the cache"];
  const table = rows.map(({ file, cached, partial }) => {
    const { entry } = file;
    const { parameters, gmacs } = factsOf(file);
    const here = cached !== undefined ? "yes" : partial === undefined ? "no" : `begun, ${formatBytes(partial)}`;
    return [
      ...[identityOf(file).enum, entry.file, entry.mebibytes.toFixed(1), entry.top1.toFixed(3), entry.top5.toFixed(3)],
      ...[(parameters / 1e6).toFixed(1), gmacs.toFixed(2), String(resizeOf(file)), here],
    ];
  });
  const widths = head.map((title, i) =>
    Math.max(...[title, ...table.map((row) => row[i]!)].map(({ length }) => length)),
  );
  const numbers = [2, 3, 4, 5, 6, 7];
  const asLine = (row: readonly string[]): string =>
    row
      .map((cell, i) => (numbers.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  process.stdout.write(`${[head, ...table].map(asLine).join("\n")}\n`);
  const console = new Console({ quiet: flags.quiet ?? false, json: false });
  console.notice(`${pretrainedLicence}, as torchvision; the cache is ${cachePlace()}`);
  return exitCode.done;
}

function identityOf({ name, entry }: ListedFile): { model: string; weights: string; enum: string; file: string } {
  return { model: name, weights: entry.weights, enum: `${enumOf(name)}.${entry.weights}`, file: entry.file };
}

function factsOf({ name }: ListedFile): { parameters: number; gmacs: number } {
  return name === "tiny" ? { parameters: 0, gmacs: 0 } : networkFacts[name]; // tiny has no file in the list
}

function resizeOf({ entry }: ListedFile): number {
  const { resize } = presets[entry.preset];
  return "shorter" in resize ? resize.shorter : resize.squash[0];
}
