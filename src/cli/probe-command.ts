/** `residual probe FOLDER`: how well a linear classifier on the vectors tells the folder's subfolders apart. */
import type { Command } from "commander";
import { type ProbeResult, probeVectors } from "../inspect/probe.ts";
import { type ExitCode, UsageError } from "./exit.ts";
import { addSayingOptions, addVectorOptions, type VectorFlags } from "./image-options.ts";
import { refuseRepeats, wholeNumber } from "./option-parsers.ts";
import { print, type Run, vectorRows, withRun } from "./row-source.ts";

interface ProbeFlags extends VectorFlags {
  folds: number;
}

export function addProbeCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("probe")
    .description("Trains a linear classifier on a folder of class folders, and prints its cross-validated accuracy.")
    .argument("[path...]", "a folder with a subfolder a class; or one file that features -o wrote of it");
  addVectorOptions(command).option(
    "--folds <n>",
    "of the cross-validation, 2 to 100",
    wholeNumber("--folds", 2, 100),
    5,
  );
  addSayingOptions(command, "one JSON object on standard output; notices and errors as JSON lines").action(
    async (paths: string[], flags: ProbeFlags) =>
      onExit(await withRun({ ...flags, recursive: true }, (run) => probe(paths, flags, run))),
  );
  refuseRepeats(command, ["kernel"]);
}

async function probe(paths: readonly string[], flags: ProbeFlags, run: Run): Promise<void> {
  const rows = await vectorRows(run.rows(paths));
  const classOf = classNames(rows.map(({ image_path }) => image_path));
  const names = [...new Set(classOf)];
  const labels = classOf.map((name) => names.indexOf(name));
  const vectors = rows.map(({ vector }) => vector);
  const result = await probeVectors(vectors, labels, names, { folds: flags.folds, signal: run.signal });
  if (result.unconverged > 0)
    run.console.notice(`${result.unconverged} of ${flags.folds} folds ended before the classifier was settled`);
  print(flags, result, () => asText(result));
}

/** The folder below the one that all images share: `cats` for photos/cats/old/1.jpg beside photos/dogs/2.jpg. Throws UsageError where an image has none. */
function classNames(paths: readonly string[]): string[] {
  const folders = paths.map((path) => path.split(/[\\/]/).slice(0, -1));
  const [first = []] = folders;
  let shared = first.findIndex((part, i) => folders.some((folder) => folder[i] !== part));
  if (shared < 0) shared = first.length;
  return folders.map((folder, i) => {
    const name = folder[shared];
    if (name !== undefined) return name;
    throw new UsageError(`${paths[i]}: lies in no class folder; a folder with a subfolder a class is expected`);
  });
}

function asText({ classes, images, accuracy, deviation, folds, chance }: ProbeResult): string {
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const width = Math.max(...classes.map(({ name }) => name.length));
  const lines = classes.map(
    ({ name, images: count, accuracy: right }) =>
      `${name.padEnd(width)}  ${String(count).padStart(6)} images  ${percent(right)}`,
  );
  return (
    `${percent(accuracy)} ± ${percent(deviation)} of ${images} images told right, in ${folds.length} folds ` +
    `(${folds.map(percent).join(", ")}); the largest class alone: ${percent(chance)}\n${lines.join("\n")}\n`
  );
}
