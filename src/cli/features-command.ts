/** `residual features PATH…`: the main job. Options to the library's, rows to files or to standard output. */
import type { Command } from "commander";
import { openOutput, pathKind } from "#platform";
import {
  type Extracted,
  type ExtractOptions,
  earlierRun,
  extractToFiles,
  extractToStream,
  journalOf,
} from "../features/extract.ts";
import type { FeatureRow } from "../features/features-of.ts";
import type { JournalState, RunFacts } from "../features/row-journal.ts";
import { weightsHash } from "../features/run-facts.ts";
import { formatNamed, formatOfSuffix, type RowFormatName, rowFormatNames } from "../features/sinks/row-formats.ts";
import { type Survey, surveyImages } from "../features/survey.ts";
import type { Model } from "../model/model.ts";
import { openModel } from "../model/open-model.ts";
import type { Output } from "../platform/platform.ts";
import type { DownloadProgress } from "../weights/download/fetch-options.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted, UsageError } from "./exit.ts";
import {
  addSayingOptions,
  addVectorOptions,
  imagesOf,
  openOptionsWith,
  type VectorFlags,
  vectorOptionsOf,
  whatPathsMay,
} from "./image-options.ts";
import { Interruption } from "./interruption.ts";
import { choice } from "./model-options.ts";
import { notEmpty, refuseRepeats, shown } from "./option-parsers.ts";
import { OutputGuard, standardOutput, tryOutput } from "./output-file.ts";
import { asPath, namedBy } from "./path-list.ts";
import { Progress } from "./progress.ts";

interface FeaturesFlags extends VectorFlags {
  output?: string;
  format?: RowFormatName;
  float16?: boolean;
  strict?: boolean;
  resume?: boolean;
}

export function addFeaturesCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("features")
    .description('Prints, per image, {"image_path": …, "feature_vector": […]}: the penultimate layer\'s numbers.')
    .argument("[path...]", whatPathsMay);
  addVectorOptions(command)
    .option(
      "-o, --output <file>",
      "write there instead of standard output (-); the file appears whole or not at all",
      notEmpty("-o"),
    )
    .addOption(
      choice(
        "--format <name>",
        `${rowFormatNames.map((name) => `${name}: ${formatNamed(name).about}`).join("; ")} (default: the suffix of -o, else jsonl)`,
        rowFormatNames,
        "there is no such format",
      ),
    )
    .option("--float16", "16-bit numbers: npy, parquet, safetensors, clip-retrieval")
    .option("--strict", "stop at the first bad image")
    .option("--resume", "go on where an earlier run of the same -o stopped");
  addSayingOptions(command).action(async (paths: string[], flags: FeaturesFlags) =>
    onExit(await runFeatures(paths, flags)),
  );
  refuseRepeats(command, ["kernel"]);
}

async function runFeatures(paths: readonly string[], flags: FeaturesFlags): Promise<ExitCode> {
  const format = formatOf(flags);
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  let model: Model | undefined;
  /** Whether this run's journal has rows of it. */
  let kept = false;
  const interruption = new Interruption(() => console.notice("interrupted"));
  const { signal } = interruption;
  try {
    const named = await namedBy(paths, { list: flags.list, signal });
    const images = imagesOf(named, flags, console);
    const place = flags.output === undefined || flags.output === "-" ? undefined : asPath(flags.output);
    const isStream = place === undefined || (await pathKind(place)) === "other";
    checkPlace(flags, format, isStream);
    const guard = await OutputGuard.of(`-o ${place}`, place === undefined ? [] : formatNamed(format).files(place));
    const options = openOptionsWith(flags);
    if (typeof options.weights === "string") await guard.check(options.weights);
    const survey = await surveyImages(images, {
      each: async ({ source }) => (typeof source === "string" ? guard.check(source) : undefined),
      signal,
    });
    // What cannot be is better said before the work.
    const earlier = isStream ? undefined : await earlierRun(place, flags.resume ?? false);
    if (!isStream) await tryOutput(place, format);
    const onProgress = (progress: DownloadProgress): void => console.download(progress);
    model = await openModel({ ...options, onWarning: (text) => console.notice(text), onProgress, signal });
    console.end();
    sayDevice(model, flags.layer, console);
    if (!earlier && flags.resume)
      console.notice(`${place}: there is nothing to resume (no ${journalOf(place!)}); begins anew`);
    const progress = new Progress(console, survey.tars > 0 ? undefined : survey.count, earlier?.rows ?? 0);
    const run: ExtractOptions = {
      ...vectorOptionsOf(flags),
      ...{ model, images, float16: flags.float16, strict: flags.strict, stop: signal },
      onRows: (rows) => {
        kept = !isStream;
        sayErrors(rows, console);
        progress.add(rows.length);
      },
    };
    const facts = () => factsOf(model!, flags, survey);
    const done = isStream
      ? await toStream(place, format, run)
      : await extractToFiles(
          { path: place, format, facts, earlier, onResume: (state) => sayResumed(place, state, console) },
          run,
        );
    if (survey.tars > 0) progress.add(0, true);
    if (done.stopped) throw signal.reason;
    return sayDone(done, console);
  } catch (error) {
    if (error instanceof Interrupted) await sayInterrupted(flags, console);
    else if (kept) console.notice(`${journalOf(asPath(flags.output!))} keeps what is done: ${goesOn(flags)}`);
    throw error;
  } finally {
    console.end();
    model?.dispose();
    interruption.end();
  }
}

function checkPlace({ output, resume, float16 }: FeaturesFlags, format: RowFormatName, isStream: boolean): void {
  const { text, canFloat16 } = formatNamed(format);
  if (isStream && !text)
    throw new UsageError(`--format ${format}: goes to a file, not to ${output ?? "standard output"}; name one with -o`);
  if (isStream && resume)
    throw new UsageError("--resume: goes on with a file that was begun; name it with -o, as it was");
  if (float16 && !canFloat16)
    throw new UsageError(
      `--float16: ${format} is text and keeps all digits; use npy, parquet, safetensors or clip-retrieval`,
    );
}

/** Everything that the rows depend on. */
async function factsOf(model: Model, flags: FeaturesFlags, survey: Survey): Promise<RunFacts> {
  const { layer, pool = "avg", normalize = "none", exif = false, float16 = false, throughput = false, kernel } = flags;
  const { name, weights, preset } = model.info;
  return {
    ...{ model: name, weights, "sha256 of the weights": await weightsHash(model), preset: JSON.stringify(preset) },
    ...{ layer, pool, normalize, exif: String(exif), float16: String(float16), device: model.device.device },
    ...{ throughput: String(throughput), kernels: JSON.stringify(kernel ?? {}) },
    ...{ "number of images": String(survey.count), "list of images": survey.digest },
  };
}

function sayDevice(model: Model, layer: string, console: Console): void {
  const { device, description, reason } = model.device;
  const known = model.info.nodeNames.includes(layer); // an unknown one is an error in a moment, and that alone
  if (reason !== undefined && known) console.notice(`runs on ${device} (${description}): ${reason}`);
}

function sayResumed(path: string, { rows, torn }: JournalState, console: Console): void {
  const half = torn > 0 ? `; ${torn} bytes of a half-written batch are dropped` : "";
  console.notice(`${path}: goes on after ${rows} images${half}`);
}

function sayErrors(rows: readonly FeatureRow[], console: Console): void {
  for (const { error } of rows) if (error) console.error(error.message, error.code);
}

function sayDone({ rows, failed }: Extracted, console: Console): ExitCode {
  if (failed === 0) return exitCode.done;
  console.notice(`${failed} of ${rows} images failed${failed < rows ? "; the others are there" : ""}`);
  return failed === rows ? exitCode.failed : exitCode.someFailed;
}

function goesOn({ resume }: FeaturesFlags): string {
  return resume ? "the same goes on" : "the same with --resume goes on";
}

async function sayInterrupted(flags: FeaturesFlags, console: Console): Promise<void> {
  const { output } = flags;
  if (output === undefined || output === "-") return console.notice("interrupted");
  const journal = journalOf(asPath(output));
  const left = await pathKind(journal).catch(() => undefined);
  if (left === "file") console.notice(`interrupted; ${journal} keeps what is done: ${goesOn(flags)}`);
  else console.notice(`interrupted; ${output} was not written`);
}

async function toStream(place: string | undefined, format: RowFormatName, run: ExtractOptions): Promise<Extracted> {
  const text = formatNamed(format).text!;
  if (place === undefined) {
    const stop = run.stop!;
    const [write, last] = [standardOutput(stop), standardOutput(new AbortController().signal)];
    // After Ctrl-C the batch under way still goes out; a reader who takes nothing is not waited for.
    return extractToStream((chunk) => (stop.aborted ? last : write)(chunk), text, run);
  }
  const output: Output = await openOutput(place);
  try {
    const done = await extractToStream((chunk) => output.write(chunk), text, run);
    await output.commit();
    return done;
  } catch (error) {
    await output.discard();
    throw error;
  }
}

function formatOf({ format, output }: FeaturesFlags): RowFormatName {
  if (format !== undefined || output === undefined || output === "-") return format ?? "jsonl";
  const known = formatOfSuffix(output);
  if (known) return known;
  const suffixes = rowFormatNames.flatMap((name) => formatNamed(name).suffix ?? []);
  throw new UsageError(
    `-o ${shown(output)}: the suffix names no format; end it in .${suffixes.join(", .")}, or say --format`,
  );
}
