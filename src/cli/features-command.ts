/** `residual features PATH…`: the main job. Options to the library's, rows to a file or to standard output. */
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import { openOutput } from "#platform";
import { type DeviceChoice, deviceChoices } from "../backends/select.ts";
import { defaultBatch, featuresOf } from "../features/features-of.ts";
import { type RowFormat, rowFormats, rowWriter } from "../features/rows-as-json.ts";
import { describeLeftOut, listImages, type NamedSource } from "../features/sources.ts";
import { depths, modelNames, modelOfDepth, modelOfName } from "../model/architectures.ts";
import { defaultLayer, type Model } from "../model/model.ts";
import { openModel } from "../model/open-model.ts";
import { type Pool, pools } from "../model/pooling.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted, UsageError } from "./exit.ts";

interface FeaturesFlags {
  depth?: number;
  model?: string;
  weights?: string;
  layer: string;
  pool?: Pool;
  normalize?: "l2" | "none";
  device: DeviceChoice;
  batch: number;
  output?: string;
  format?: RowFormat;
  exif?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export function addFeaturesCommand(program: Command, onExit: (code: ExitCode) => void): void {
  program
    .command("features")
    .description('Prints, per image, {"image_path": …, "feature_vector": […]}: the penultimate layer\'s numbers.')
    .argument("<path...>", "image files, folders of them, or - for a list on standard input, one path a line")
    .addOption(
      new Option("--depth <n>", `depth of the ResNet: ${depths.join(", ")} (default: 50)`)
        .argParser(parseDepth)
        .conflicts("model"),
    )
    .addOption(new Option("--model <name>", `network by name: ${modelNames.join(", ")}`))
    .option("--weights <file>", "a safetensors file with torchvision's names, or IMAGENET1K_V1, IMAGENET1K_V2")
    .option("--layer <node>", "a node by torchvision's name (layer3, layer4.1.add)", defaultLayer)
    .addOption(new Option("--pool <how>", "from a layer's map to a vector (default: avg)").choices(pools))
    .addOption(new Option("--normalize <how>", "length of the vector (default: none)").choices(["l2", "none"]))
    .addOption(new Option("--device <name>", "where to run").choices(deviceChoices).default("auto"))
    .option("--batch <n>", "images at a time; the vectors do not depend on it", parseBatch, defaultBatch)
    .option("-o, --output <file>", "write there instead of standard output; the file appears whole or not at all")
    .addOption(
      new Option(
        "--format <name>",
        "jsonl: one object a line; json: one list (default: the suffix of -o, else jsonl)",
      ).choices(rowFormats),
    )
    .option("--exif", "turn pictures as their EXIF data says (torchvision does not)")
    .option("--json", "notices, errors and progress on standard error as JSON lines")
    .option("--quiet", "errors only on standard error")
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 some images failed (the others are there), 130 interrupted.",
    )
    .action(async (paths: string[], flags: FeaturesFlags) => onExit(await runFeatures(paths, flags)));
}

async function runFeatures(paths: readonly string[], flags: FeaturesFlags): Promise<ExitCode> {
  const format = formatOf(flags);
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Interrupted());
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let model: Model | undefined;
  try {
    const images = await listImages(await expandStandardInput(paths), (left) => console.notice(describeLeftOut(left)));
    const name = flags.model === undefined ? modelOfDepth(flags.depth ?? 50) : modelOfName(flags.model);
    model = await openModel({ model: name, weights: flags.weights, device: flags.device, signal: abort.signal });
    const { device, description, reason } = model.device;
    if (reason !== undefined) console.notice(`runs on ${device} (${description}): ${reason}`);
    return await writeRows(model, images, format, flags, console, abort.signal);
  } finally {
    console.end();
    model?.dispose();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

async function writeRows(
  model: Model,
  images: readonly NamedSource[],
  format: RowFormat,
  flags: FeaturesFlags,
  console: Console,
  signal: AbortSignal,
): Promise<ExitCode> {
  const writer = rowWriter(format);
  const output = flags.output === undefined ? undefined : await openOutput(flags.output);
  const write = output ? (chunk: string) => output.write(chunk) : writeStandardOutput;
  let count = 0;
  let failed = 0;
  try {
    await write(writer.begin);
    const { layer, pool, normalize, batch, exif } = flags;
    const sources = images.map((image) => image.source);
    for await (const row of featuresOf(sources, { model, layer, pool, normalize, batch, exif, signal })) {
      if (row.error) {
        failed++;
        console.error(row.error.message, row.error.code);
      }
      await write(writer.row(row, count));
      console.progress(++count, images.length);
    }
    await write(writer.end);
    await output?.commit();
  } catch (error) {
    await output?.discard();
    throw error;
  }
  console.end();
  if (failed === 0) return exitCode.done;
  if (failed < count) console.notice(`${failed} of ${count} images failed; the others are there`);
  return failed === count ? exitCode.failed : exitCode.someFailed;
}

/** Resolves when the reader has taken the chunk, so that memory does not grow before a slow one. */
async function writeStandardOutput(chunk: string): Promise<void> {
  if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
}

async function expandStandardInput(paths: readonly string[]): Promise<string[]> {
  if (paths.filter((path) => path === "-").length > 1)
    throw new UsageError("- stands twice; standard input can be read once");
  const lists = await Promise.all(
    paths.map(async (path) => (path === "-" ? linesOf(await text(process.stdin)) : [path])),
  );
  const expanded = lists.flat();
  if (expanded.length === 0) throw new UsageError("standard input named no images; one path a line is expected");
  return expanded;
}

function linesOf(list: string): string[] {
  return list.split(/\r?\n/).filter((line) => line !== "");
}

function formatOf({ format, output }: FeaturesFlags): RowFormat {
  if (format !== undefined || output === undefined) return format ?? "jsonl";
  const suffix = output.match(/\.([^./\\]+)$/)?.[1];
  const known = rowFormats.find((candidate) => candidate === suffix);
  if (known) return known;
  throw new UsageError(`-o ${output}: the suffix names no format; end it in .jsonl or .json, or say --format`);
}

function parseDepth(value: string): number {
  const depth = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!depths.includes(depth))
    throw new InvalidArgumentError(
      `there is no ResNet of that depth; use ${depths.slice(0, -1).join(", ")} or ${depths.at(-1)}`,
    );
  return depth;
}

function parseBatch(value: string): number {
  const batch = /^\d+$/.test(value) ? Number(value) : 0;
  if (batch < 1 || batch > 1024) throw new InvalidArgumentError("expected a whole number from 1 to 1024");
  return batch;
}
