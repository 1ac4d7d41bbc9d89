/** `residual features PATH…`: the main job. Options to the library's, rows to a file or to standard output. */
import type { Command } from "commander";
import { defaultBatch, featuresOf } from "../features/features-of.ts";
import { type RowFormat, rowFormats, rowWriter } from "../features/rows-as-json.ts";
import { describeLeftOut, listImages, type NamedSource } from "../features/sources.ts";
import { defaultLayer, type Model } from "../model/model.ts";
import { openModel } from "../model/open-model.ts";
import { type Normalize, normalizes, type Pool, pools } from "../model/pooling.ts";
import type { Output } from "../platform/platform.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { DownloadProgress } from "../weights/download/fetch-options.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted, UsageError } from "./exit.ts";
import { Interruption } from "./interruption.ts";
import { addModelOptions, choice, type ModelFlags, openOptionsOf } from "./model-options.ts";
import { notEmpty, refuseRepeats, shown, wholeNumber } from "./option-parsers.ts";
import { openRows, standardOutput } from "./output-file.ts";
import { asPath, expandPaths } from "./path-list.ts";

interface FeaturesFlags extends ModelFlags {
  layer: string;
  pool?: Pool;
  normalize?: Normalize;
  batch: number;
  output?: string;
  format?: RowFormat;
  exif?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export function addFeaturesCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("features")
    .description('Prints, per image, {"image_path": …, "feature_vector": […]}: the penultimate layer\'s numbers.')
    .argument("<path...>", "image files, folders of them, or - for a list on standard input, one path a line");
  addModelOptions(command)
    .option("--layer <node>", "a node by torchvision's name (layer3, layer4.1.add)", notEmpty("--layer"), defaultLayer)
    .addOption(
      choice("--pool <how>", "from a layer's map to a vector (default: avg)", pools, "there is no such pooling"),
    )
    .addOption(choice("--normalize <how>", "length of the vector (default: none)", normalizes, "there is no such norm"))
    .option(
      "--batch <n>",
      "images at a time, 1 to 1024; the vectors do not depend on it",
      wholeNumber("--batch", 1, 1024),
      defaultBatch,
    )
    .option("-o, --output <file>", "write there instead of standard output (-); the file appears whole or not at all")
    .addOption(
      choice(
        "--format <name>",
        "jsonl: one object a line; json: one list (default: the suffix of -o, else jsonl)",
        rowFormats,
        "there is no such format",
      ),
    )
    .option("--exif", "turn pictures as their EXIF data says (torchvision does not)")
    .option("--json", "notices, errors and progress on standard error as JSON lines")
    .option("--quiet", "errors only on standard error")
    .addHelpText(
      "after",
      "\nWithout --weights a network takes IMAGENET1K_V1, downloaded once (residual weights has more of that).\n" +
        "\nExit codes: 0 done, 1 failed (every image, or the run), 2 wrong usage, 3 some images failed (the others are there), " +
        "130 interrupted (143 by SIGTERM).",
    )
    .action(async (paths: string[], flags: FeaturesFlags) => onExit(await runFeatures(paths, flags)));
  refuseRepeats(command, ["kernel"]);
}

async function runFeatures(paths: readonly string[], flags: FeaturesFlags): Promise<ExitCode> {
  const format = formatOf(flags);
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  let model: Model | undefined;
  let output: Output | undefined;
  const sayInterrupted = () => console.notice(`interrupted${output ? `; ${output.path} was not written` : ""}`);
  const interruption = new Interruption(() => {
    output?.discardNow();
    sayInterrupted();
  });
  const { signal } = interruption;
  try {
    const list = await expandPaths(paths, signal);
    const images = await listImages(list, (left) => console.notice(describeLeftOut(left)));
    const files = images.map(({ source }) => source).filter((source) => typeof source === "string");
    // A wrong place is better said before the work.
    const options = openOptionsOf(flags);
    const place = flags.output === undefined ? undefined : asPath(flags.output);
    const { weights } = options;
    output = await openRows(place, typeof weights === "string" ? [...files, weights] : files);
    const onProgress = (progress: DownloadProgress): void => console.download(progress);
    model = await openModel({ ...options, onWarning: (text) => console.notice(text), onProgress, signal });
    console.end();
    const { device, description, reason } = model.device;
    const known = model.info.nodeNames.includes(flags.layer); // an unknown one is an error in a moment, and that alone
    if (reason !== undefined && known) console.notice(`runs on ${device} (${description}): ${reason}`);
    const write = output ? (chunk: string) => output!.write(chunk) : standardOutput(signal);
    const code = await writeRows(model, images, format, flags, console, { write, signal });
    await output?.commit();
    return code;
  } catch (error) {
    await output?.discard();
    if (error instanceof Interrupted) sayInterrupted();
    throw error;
  } finally {
    console.end();
    model?.dispose();
    interruption.end();
  }
}

async function writeRows(
  model: Model,
  images: readonly NamedSource[],
  format: RowFormat,
  { layer, pool, normalize, batch, exif }: FeaturesFlags,
  console: Console,
  { write, signal }: { write: (chunk: string) => Promise<void>; signal: AbortSignal },
): Promise<ExitCode> {
  const writer = rowWriter(format);
  let count = 0;
  let failed = 0;
  let blank: Float32Array | undefined;
  const sources = images.map((image) => image.source);
  for await (const row of featuresOf(sources, { model, layer, pool, normalize, batch, exif, signal })) {
    if (row.error) {
      if (row.error.code === "weights-not-finite" && failed === count && blank === undefined) {
        blank = await vectorOfBlank(model, layer, signal);
        if (!blank.every(Number.isFinite)) throw row.error; // no image can do better
      }
      failed++;
      console.error(row.error.message, row.error.code);
    }
    // The beginning goes with the first row: an error before it leaves nothing half on standard output.
    await write((count === 0 ? writer.begin : "") + writer.row(row, count));
    console.progress(++count, images.length);
  }
  await write(writer.end);
  if (failed === 0) return exitCode.done;
  console.notice(`${failed} of ${count} images failed${failed < count ? "; the others are there" : ""}`);
  return failed === count ? exitCode.failed : exitCode.someFailed;
}

/** What the network gives for zeros, the mean of all images: NaN there comes from the weights, and every image's vector has it. */
async function vectorOfBlank(model: Model, layer: string, signal: AbortSignal): Promise<Float32Array> {
  const { crop } = model.info.preset;
  const input: HostTensor = { shape: [3, crop, crop], dtype: "float32", data: new Float32Array(3 * crop * crop) };
  return (await model.vectorsOf([input], [layer], { signal }))[0]![layer]!;
}

function formatOf({ format, output }: FeaturesFlags): RowFormat {
  if (format !== undefined || output === undefined || output === "-") return format ?? "jsonl";
  const suffix = output.match(/\.([^./\\]+)$/)?.[1]?.toLowerCase();
  const known = rowFormats.find((candidate) => candidate === suffix);
  if (known) return known;
  throw new UsageError(`-o ${shown(output)}: the suffix names no format; end it in .jsonl or .json, or say --format`);
}
