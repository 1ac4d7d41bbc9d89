// `npm run bench:photos`: images a second over a folder of JPEG photos of 1 to 12 megapixels by our command, beside a Python script with a
// DataLoader; or, with --count, our memory over many. README.md in bench/ says how to read it. Ends with 1 where a target is missed.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { oneOf, wholeNumber } from "../../src/cli/option-parsers.ts";
import type { DepthName } from "../../test/support/golden-networks.ts";
import { say } from "../common/keep-result.ts";
import { inTemporaryFolder, measureAndKeep, pythonPeerOf } from "../process/keep-process.ts";
import { measureCommands } from "../process/measure-commands.ts";
import { featuresCommand, writeWeights } from "../process/ours-command.ts";
import { fastestOther, ours, type ProcessResult, timesOurs } from "../process/process-report.ts";
import { torchFeaturesCommand, writePth } from "../process/python-peer.ts";
import { residentMemory } from "../process/timed-command.ts";
import { growth, peaksByTenth } from "./flat-memory.ts";
import { linkPhotos, makePhotos } from "./photo-folder.ts";

const models: readonly DepthName[] = ["resnet18", "resnet50"];
const batch = 8;
/** Processes beside the DataLoader's own. */
const workers = [0, 1, 2];
/** How much memory may grow after the first fifth of a long run. */
const growthMost = 1.05;
/** Milliseconds between two looks at the memory. */
const every = 200;

interface Options {
  model?: DepthName;
  photos?: string;
  images: number;
  rounds: number;
  count?: number;
  python: string;
  record: boolean;
}

const options = new Command("bench:photos")
  .description("Images a second over a folder of photos, beside a Python script with a DataLoader")
  .option("--model <name>", `${models.join(" or ")}; both unless told`, oneOf("--model", models, "not measured here"))
  .option("--photos <folder>", "of JPEG photos; made in a temporary folder unless told")
  .option("--images <n>", "how many are made", wholeNumber("--images", 1, 10_000), 200)
  .option("--rounds <n>", "after one that warms up", wholeNumber("--rounds", 1, 1000), 5)
  .option(
    "--count <n>",
    "instead: our memory over so many (5000), the same again and again",
    wholeNumber("--count", 1, 1e6),
  )
  .option("--python <command>", "with torch, torchvision and Pillow", process.env.RESIDUAL_PYTHON ?? "python3")
  .option("--no-record", "only print")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

const bench = {
  kind: "photos",
  title: "A folder of photos by the command, beside Python",
  about:
    "The feature vectors of a folder of JPEG photos of 1 to 12 megapixels by a command, from the start of its process to its end; batches of 8.",
  record: options.record && !options.photos,
};
const peer = await pythonPeerOf(options.python);
await inTemporaryFolder(async (folder) => {
  const photos = options.photos ? resolve(options.photos) : join(folder, "photos");
  if (!options.photos) {
    say(`makes ${options.images} photos`);
    await makePhotos(options.python, photos, options.images);
  }
  for (const model of models.filter((name) => name === (options.model ?? name))) {
    const weights = await writeWeights(model, folder);
    if (options.count === undefined) await measureRate(model, weights, photos, folder);
    else await measureMemory(model, weights, photos, folder, options.count);
  }
});

function oursOver(model: DepthName, weights: string, path: string, ...flags: string[]): string[] {
  return featuresCommand({ model, weights, paths: [path], flags: ["--batch", String(batch), ...flags] });
}

async function measureRate(model: DepthName, weights: string, photos: string, folder: string): Promise<void> {
  const pth = peer && (await writePth(peer, weights));
  const theirs = (workers: number) => torchFeaturesCommand(peer!, { model, weights: pth!, path: photos, workers });
  const commands = {
    [ours]: oursOver(model, weights, photos),
    [`${ours} --throughput`]: oursOver(model, weights, photos, "--throughput"),
    ...(peer ? Object.fromEntries(workers.map((count) => [`Python, num_workers ${count}`, theirs(count)])) : {}),
  };
  const { length: images } = await readdir(photos);
  await measureAndKeep(bench, peer, async () => {
    const { rounds, python } = options;
    const measured = await measureCommands(commands, { rounds, folder, python, name: model, say });
    const result: ProcessResult = { model, images, commands: measured };
    const fastest = fastestOther(result);
    if (fastest === undefined) return { result, outcomes: [] };
    const found = timesOurs(result, fastest, "milliseconds");
    return { result, outcomes: [{ what: `Images a second over those of ${fastest}`, found, least: 1 }] };
  });
}

async function measureMemory(
  ...[model, weights, photos, folder, count]: [DepthName, string, string, string, number]
): Promise<void> {
  const { length: images } = await readdir(photos);
  // Else its first fifth has not seen the largest photo.
  if (count < 5 * images) throw new Error(`--count ${count}: expected at least five times the ${images} photos`);
  const many = join(folder, `${model}-many`);
  await linkPhotos(photos, many, count);
  await measureAndKeep(bench, undefined, async () => {
    const start = performance.now();
    const tenths = peaksByTenth(await residentMemory(oursOver(model, weights, many), every));
    const milliseconds = performance.now() - start;
    say(`${model}: memory by tenths of the run: ${tenths.map((mib) => mib.toFixed(0)).join(", ")} MiB`);
    const measured = { milliseconds: [milliseconds], peakMiB: [Math.max(...tenths)], error: 0 };
    const result: ProcessResult = { model, images: count, commands: { [ours]: measured } };
    const what = "Peak memory after the first fifth over that in it";
    return { result, outcomes: [{ what, found: growth(tenths), most: growthMost }] };
  });
}
