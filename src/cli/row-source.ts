/** Rows of vectors for the commands that make something of them: from images, or from a file that `residual features -o` wrote. */
import type { FeatureRow, VectorRow } from "../features/features-of.ts";
import { featuresOfImages } from "../features/features-of.ts";
import { isFeaturesFile, readFeatures } from "../features/read-features.ts";
import { surveyImages } from "../features/survey.ts";
import type { Model } from "../model/model.ts";
import { openModel } from "../model/open-model.ts";
import type { DownloadProgress } from "../weights/download/fetch-options.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted, UsageError } from "./exit.ts";
import { imagesOf, openOptionsWith, type VectorFlags, vectorOptionsOf } from "./image-options.ts";
import { Interruption } from "./interruption.ts";
import { asPath, namedBy } from "./path-list.ts";
import { Progress } from "./progress.ts";

/** What a command has while it runs. */
export interface Run {
  readonly console: Console;
  readonly signal: AbortSignal;
  /** Opened when it is first asked for. */
  model(): Promise<Model>;
  /** Rows of what `paths` name. Errors of images are said and counted, and stand among them. */
  rows(paths: readonly string[], more?: { readonly layer?: string }): AsyncGenerator<FeatureRow, void, undefined>;
  /** The command's exit code: by how many images failed. */
  code(): ExitCode;
}

/** Runs `body`, and says what everybody says: interruptions, progress, images that failed. */
export async function withRun(flags: VectorFlags, body: (run: Run) => Promise<void>): Promise<ExitCode> {
  const console = new Console({ quiet: flags.quiet ?? false, json: flags.json ?? false });
  const interruption = new Interruption(() => console.notice("interrupted"));
  const { signal } = interruption;
  let opened: Promise<Model> | undefined;
  let [all, failed] = [0, 0];
  const model = (): Promise<Model> => {
    const options = openOptionsWith(flags);
    const onProgress = (progress: DownloadProgress): void => console.download(progress);
    const onWarning = (text: string): void => console.notice(text);
    opened ??= openModel({ ...options, onWarning, onProgress, signal }).then((ready) => {
      console.end();
      const { device, description, reason } = ready.device;
      if (reason !== undefined) console.notice(`runs on ${device} (${description}): ${reason}`);
      return ready;
    });
    return opened;
  };
  async function* counted(rows: AsyncIterable<FeatureRow>): AsyncGenerator<FeatureRow, void, undefined> {
    for await (const row of rows) {
      all++;
      if (row.error) {
        failed++;
        console.error(row.error.message, row.error.code);
      }
      yield row;
    }
  }
  async function* fromImages(paths: readonly string[], more: object): AsyncGenerator<FeatureRow, void, undefined> {
    const images = imagesOf(await namedBy(paths, { list: flags.list, signal }), flags, console);
    const survey = await surveyImages(images, { signal });
    const progress = new Progress(console, survey.tars > 0 ? undefined : survey.count);
    const options = { ...vectorOptionsOf(flags), ...more, model: await model(), signal };
    let since = 0;
    for await (const row of featuresOfImages(images(), options)) {
      if (++since === flags.batch) {
        progress.add(since);
        since = 0;
      }
      yield row;
    }
    progress.add(since, true);
  }
  const run: Run = {
    ...{ console, signal, model },
    rows(paths, more = {}) {
      const files = paths.filter((path) => isFeaturesFile(path));
      if (files.length === 0) return counted(fromImages(paths, more));
      if (paths.length > 1 || flags.list !== undefined)
        throw new UsageError(
          `${files[0]}: a file of features stands alone; images beside it would be made by other rules`,
        );
      return counted(readFeatures(asPath(files[0]!)));
    },
    code() {
      if (failed === 0) return exitCode.done;
      console.notice(`${failed} of ${all} images failed${failed < all ? "; the others are there" : ""}`);
      return failed === all ? exitCode.failed : exitCode.someFailed;
    },
  };
  try {
    await body(run);
    return run.code();
  } catch (error) {
    if (error instanceof Interrupted) console.notice("interrupted");
    throw error;
  } finally {
    console.end();
    (await opened?.catch(() => undefined))?.dispose();
    interruption.end();
  }
}

/** The rows that have a vector, together. */
export async function vectorRows(rows: AsyncIterable<FeatureRow>): Promise<VectorRow[]> {
  const list: VectorRow[] = [];
  for await (const row of rows) if (row.vector) list.push(row);
  return list;
}

/** A result on standard output: with --json one object, else text. */
export function print(flags: { json?: boolean }, result: object, text: () => string): void {
  process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : text());
}
