/** The options of every command that makes vectors of many images: which images, how their vectors are made, what is said meanwhile. */
import { join } from "node:path";
import type { Command } from "commander";
import { defaultBatch, type FeaturesOfOptions } from "../features/features-of.ts";
import { describeLeftOut } from "../features/left-out.ts";
import type { NamedSource } from "../features/named-source.ts";
import { type ReadImagesOptions, readImages } from "../features/sources.ts";
import { type PresetName, presetNamed, presets } from "../image/preset.ts";
import { defaultLayer } from "../model/model.ts";
import type { OpenOptions } from "../model/open-model.ts";
import { type Normalize, normalizes, type Pool, pools } from "../model/pooling.ts";
import type { Console } from "./console.ts";
import { UsageError } from "./exit.ts";
import { addModelOptions, choice, type ModelFlags, openOptionsOf } from "./model-options.ts";
import { notEmpty, wholeNumber } from "./option-parsers.ts";
import type { Named } from "./path-list.ts";

/** Which images, and how they are read. */
export interface SourceFlags {
  list?: string;
  recursive?: boolean;
  data?: string;
  exif?: boolean;
  preset?: PresetName;
}

/** How vectors are made of them. */
export interface VectorFlags extends ModelFlags, SourceFlags {
  layer: string;
  pool?: Pool;
  normalize?: Normalize;
  batch: number;
  json?: boolean;
  quiet?: boolean;
}

export const whatPathsMay =
  "image files, folders of them, patterns ('photos/*.jpg'), zip and tar archives, http(s): addresses, or - for a list on standard input, one path a line";

export function addSourceOptions(command: Command): Command {
  return command
    .option("--list <file>", "a file with a path a line, after the others; - is standard input", notEmpty("--list"))
    .option("--recursive", "folders within folders too")
    .option("--data <dir>", "the folder that data://.my means: data://.my/x is DIR/x", notEmpty("--data"))
    .addOption(
      choice(
        "--preset <name>",
        "how images are resized and cropped (default: as the weights want it)",
        Object.keys(presets) as PresetName[],
        "there is no such preset",
      ),
    )
    .option("--exif", "turn pictures as their EXIF data says (torchvision does not)");
}

/** `layers: false` where the layer is no matter of choice. */
export function addVectorOptions(command: Command, { layers = true } = {}): Command {
  addSourceOptions(addModelOptions(command));
  if (layers)
    command
      .option(
        "--layer <node>",
        "a node by torchvision's name (layer3, layer4.1.add)",
        notEmpty("--layer"),
        defaultLayer,
      )
      .addOption(
        choice("--pool <how>", "from a layer's map to a vector (default: avg)", pools, "there is no such pooling"),
      )
      .addOption(
        choice("--normalize <how>", "length of the vector (default: none)", normalizes, "there is no such norm"),
      );
  return command.option(
    "--batch <n>",
    "images at a time, 1 to 1024; the vectors do not depend on it",
    wholeNumber("--batch", 1, 1024),
    defaultBatch,
  );
}

export function addSayingOptions(
  command: Command,
  json = "notices, errors and progress on standard error as JSON lines",
): Command {
  return command
    .option("--json", json)
    .option("--quiet", "errors only on standard error")
    .addHelpText("after", exitCodes);
}

const exitCodes =
  "\nWithout --weights a network takes IMAGENET1K_V1, downloaded once (residual weights has more of that).\n" +
  "\nExit codes: 0 done, 1 failed (every image, or the run), 2 wrong usage, 3 some images failed (the others are there), 130 interrupted (143 by SIGTERM).";

/** What the flags mean for openModel. */
export function openOptionsWith(flags: ModelFlags & SourceFlags): ReturnType<typeof openOptionsOf> & OpenOptions {
  return { ...openOptionsOf(flags), ...(flags.preset === undefined ? {} : { preset: presetNamed(flags.preset) }) };
}

/** What the flags mean for featuresOf. */
export function vectorOptionsOf(flags: VectorFlags): Omit<FeaturesOfOptions, "model"> {
  const { layer, pool, normalize, batch, exif } = flags;
  return { layer, pool, normalize, batch, exif };
}

/**
 * The images of a command, each time from the first. What was left out of a folder or an archive is said once.
 */
export function imagesOf(
  named: Named,
  flags: SourceFlags,
  console: Console,
): (options?: Pick<ReadImagesOptions, "onTar">) => AsyncGenerator<NamedSource, void, undefined> {
  const said = new Set<string>();
  const { data } = flags;
  const options: ReadImagesOptions = {
    ...(flags.recursive ? { recursive: true } : {}),
    ...(data === undefined ? {} : { dataPath: (address) => dataPath(data, address) }),
    onLeftOut: (left) => {
      if (said.has(left.folder)) return;
      said.add(left.folder);
      console.notice(describeLeftOut(left));
    },
  };
  return (more = {}) => readImages(named(), { ...options, ...more });
}

/** Where an address leads, and never out of `folder`. Throws UsageError. */
function dataPath(folder: string, address: string): string {
  const [collection, ...parts] = address.slice("data://".length).split("/");
  if (collection !== ".my")
    throw new UsageError(`${address}: only data://.my can be read here: it is the folder of --data, ${folder}`);
  if (parts.some((part) => part === ".." || /[\0\\]/.test(part)))
    throw new UsageError(`${address}: leads out of the data's folder`);
  return join(folder, ...parts);
}
