/** `residual similar QUERY PATH…`: the images that look most like one. */
import type { Command } from "commander";
import { OptionError } from "../errors.ts";
import { type FeatureRow, featuresOfImages } from "../features/features-of.ts";
import { isFeaturesFile, readFeatures } from "../features/read-features.ts";
import { readImages } from "../features/sources.ts";
import { nearestRows } from "../inspect/similar.ts";
import type { ExitCode } from "./exit.ts";
import { addSayingOptions, addVectorOptions, type VectorFlags, vectorOptionsOf } from "./image-options.ts";
import { refuseRepeats, wholeNumber } from "./option-parsers.ts";
import { asPath } from "./path-list.ts";
import { print, type Run, withRun } from "./row-source.ts";

interface SimilarFlags extends VectorFlags {
  top: number;
}

export function addSimilarCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("similar")
    .description("Prints the images whose vectors are nearest to an image's, by cosine.")
    .argument("<query>", "an image; or, where PATH is a file of features, the name of one of its images")
    .argument("[path...]", "images to look among, as features takes them; or one file that features -o wrote");
  addVectorOptions(command).option("--top <n>", "how many images, 1 to 10000", wholeNumber("--top", 1, 10_000), 10);
  addSayingOptions(command, "one JSON object on standard output; notices and errors as JSON lines").action(
    async (query: string, paths: string[], flags: SimilarFlags) =>
      onExit(await withRun(flags, (run) => similar(asPath(query), paths, flags, run))),
  );
  refuseRepeats(command, ["kernel"]);
}

async function similar(query: string, paths: readonly string[], flags: SimilarFlags, run: Run): Promise<void> {
  const vector = await queryVector(query, paths, flags, run);
  const others = withoutQuery(query, vector.length, run.rows(paths));
  const images = await nearestRows(vector, others, flags.top);
  print(flags, { query, images }, () =>
    images.map(({ image_path, cosine }) => `${cosine.toFixed(4)}  ${image_path}\n`).join(""),
  );
}

/** The query's vector: from the file of features where it is one of its images, else of the image itself. */
async function queryVector(
  query: string,
  paths: readonly string[],
  flags: SimilarFlags,
  run: Run,
): Promise<Float32Array> {
  const [file] = paths;
  if (paths.length === 1 && file !== undefined && isFeaturesFile(file))
    for await (const row of readFeatures(asPath(file))) if (row.image_path === query && row.vector) return row.vector;
  const options = { ...vectorOptionsOf(flags), model: await run.model(), batch: 1, signal: run.signal };
  const found: FeatureRow[] = [];
  for await (const row of featuresOfImages(readImages(query), options)) {
    if (row.error) throw row.error;
    if (found.push(row) > 1) throw new OptionError(`${query}: is several images; the query is one`);
  }
  return found[0]!.vector!;
}

/** Every row but the query's own, whose cosine is 1 and tells nothing. Throws OptionError for vectors of another length. */
async function* withoutQuery(
  query: string,
  width: number,
  rows: AsyncIterable<FeatureRow>,
): AsyncGenerator<FeatureRow, void, undefined> {
  for await (const row of rows) {
    if (row.vector && row.vector.length !== width)
      throw new OptionError(
        `${row.image_path}: a vector of ${row.vector.length} numbers, and the query's has ${width}; say the --model and --layer that the file was made with`,
      );
    if (row.image_path !== query) yield row;
  }
}
