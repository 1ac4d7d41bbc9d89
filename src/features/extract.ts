/**
 * A run from images to files: rows go to a journal beside the output as they come, and the output is written from it at the end, whatever its
 * format. So a run can be stopped, or killed, at any moment, and resumed; and the output appears whole or not at all.
 */
import { openOutput, removeFile } from "#platform";
import { OptionError, ResidualError } from "../errors.ts";
import { defaultLayer } from "../model/model.ts";
import type { Output } from "../platform/platform.ts";
import { defaultBatch, type FeatureRow, type FeaturesOfOptions, featuresOfImages } from "./features-of.ts";
import type { NamedSource } from "./named-source.ts";
import { inspectJournal, type JournalState, JournalWriter, type RunFacts, readJournal } from "./row-journal.ts";
import { checkSameRun, vectorOfBlank } from "./run-facts.ts";
import { formatNamed, type RowFormatName } from "./sinks/row-formats.ts";
import type { KeptRows, TextRows } from "./sinks/sink.ts";
import { beyondFloat16 } from "./sinks/vector-bytes.ts";

/** How rows are made of images, and when the run stops. */
export interface ExtractOptions extends Omit<FeaturesOfOptions, "recursive" | "onLeftOut"> {
  /** The images, from the first one, each time it is called. */
  readonly images: () => AsyncGenerator<NamedSource, void, undefined>;
  readonly float16?: boolean;
  /** Stop at the first bad image, with its error. */
  readonly strict?: boolean;
  /** Asks for an end: the batch under way is finished; before the first, the wait for weights ends. (`signal` ends at once.) */
  readonly stop?: AbortSignal;
  /** Told of the rows of each batch, once they are safe. */
  readonly onRows?: (rows: readonly FeatureRow[]) => void;
}

export interface Extracted {
  readonly rows: number;
  readonly failed: number;
  /** Whether `stop` ended it before its last image. */
  readonly stopped: boolean;
}

/** Where the rows of a run go. */
export interface FileTarget {
  readonly path: string;
  readonly format: RowFormatName;
  /** Facts of the run; those of the journal must be the same. May be called late: it takes the time of reading the weights. */
  readonly facts: () => Promise<RunFacts>;
  /** What is there of an earlier run, to go on with. */
  readonly earlier: JournalState | undefined;
  /** Called when that is known to be of the same run. */
  readonly onResume?: (earlier: JournalState) => void;
}

/** The journal of an output: beside it, with the suffix `.part`. */
export function journalOf(path: string): string {
  return `${path.replace(/[\\/]+$/, "")}.part`;
}

/**
 * The journal that an earlier run left, where `resume` asks for it. Throws OptionError where there is one and nobody asks: it may be the work
 * of hours.
 */
export async function earlierRun(path: string, resume: boolean): Promise<JournalState | undefined> {
  const journal = journalOf(path);
  const state = await inspectJournal(journal);
  if (state && !resume)
    throw new OptionError(
      `${journal}: an earlier run stopped after ${state.rows} images; go on with --resume, or delete it to begin anew`,
    );
  if (!state) await removeFile(journal); // at most half a first record
  return state;
}

/**
 * Rows to files. Throws OptionError where the earlier run was another; an image's error where `strict`; what featuresOf throws. After
 * any end but the last image's, the journal keeps the rows that were there.
 */
export async function extractToFiles(target: FileTarget, options: ExtractOptions): Promise<Extracted> {
  const { path, format, earlier } = target;
  const journalPath = journalOf(path);
  const facts = target.facts();
  facts.catch(() => undefined); // it is awaited below
  if (earlier) {
    checkSameRun(journalPath, earlier.facts, await facts);
    target.onResume?.(earlier);
  }
  const images = options.images();
  if (earlier) await skipKept(journalPath, images);
  let journal = earlier ? await JournalWriter.resume(journalPath, earlier) : undefined;
  let [rows, failed, width] = [earlier?.rows ?? 0, earlier?.failed ?? 0, earlier?.width ?? 0];
  let stopped = false;
  try {
    for await (const batch of batchesOf(images, options)) {
      journal ??= await JournalWriter.create(journalPath, await facts);
      await journal.append(batch);
      rows += batch.length;
      failed += batch.filter((row) => row.error).length;
      width = batch.find((row) => row.vector)?.vector?.length ?? width;
      options.onRows?.(batch);
      if (options.stop?.aborted) {
        stopped = true;
        break;
      }
    }
  } finally {
    await journal?.close();
  }
  if (stopped) return { rows, failed, stopped };
  const kept: KeptRows = {
    ...{ count: rows, failed, width, facts: await facts },
    read: () => (journal ? readJournal(journalPath) : noRows()),
  };
  await writeAll(kept, path, format, options.float16 ?? false);
  await removeFile(journalPath);
  return { rows, failed, stopped };
}

async function* noRows(): AsyncGenerator<readonly FeatureRow[], void, undefined> {}

/** Rows to a stream, as they come, in a format of text. Nothing can be resumed. */
export async function extractToStream(
  write: (text: string) => Promise<void>,
  text: TextRows,
  options: ExtractOptions,
): Promise<Extracted> {
  let [rows, failed, stopped] = [0, 0, false];
  let begun = false;
  let held: FeatureRow[] = []; // until a vector's width is known
  const writeRows = async (batch: readonly FeatureRow[], width: number): Promise<void> => {
    const first = rows - batch.length;
    // The beginning goes with the first rows: an error before them leaves nothing half written.
    await write((begun ? "" : text.begin(width)) + batch.map((row, i) => text.row(row, first + i)).join(""));
    begun = true;
  };
  for await (const batch of batchesOf(options.images(), options)) {
    rows += batch.length;
    failed += batch.filter((row) => row.error).length;
    const width = batch.find((row) => row.vector)?.vector?.length;
    held.push(...batch);
    if (begun || !text.needsWidth || width !== undefined) {
      await writeRows(held, width ?? 0);
      held = [];
    }
    options.onRows?.(batch);
    stopped = options.stop?.aborted ?? false;
    if (stopped) break;
  }
  if (held.length > 0 || !begun) await writeRows(held, 0);
  await write(text.end);
  return { rows, failed, stopped };
}

/** Moves past the images whose rows are kept, and looks whether they are the same. */
async function skipKept(journal: string, images: AsyncGenerator<NamedSource, void, undefined>): Promise<void> {
  let index = 0;
  for await (const rows of readJournal(journal))
    for (const { image_path } of rows) {
      index++;
      const { done, value } = await images.next();
      if (!done && value.image_path === image_path) continue;
      const now = done ? "there are no more images" : `it is ${value.image_path}`;
      throw new OptionError(
        `${journal}: the images are others than before: image ${index} was ${image_path}, and now ${now}; resume with the same, or delete it to begin anew`,
      );
    }
}

/** The rows of each batch, with the errors that belong to a run and not to an image thrown. */
async function* batchesOf(
  images: AsyncGenerator<NamedSource, void, undefined>,
  options: ExtractOptions,
): AsyncGenerator<FeatureRow[], void, undefined> {
  const { model, layer = defaultLayer, batch = defaultBatch, signal, strict, float16 } = options;
  const { pool, normalize, exif, stop: stopLoading } = options;
  let rows: FeatureRow[] = [];
  let anyVector = false;
  for await (const found of featuresOfImages(images, {
    ...{ model, layer, pool, normalize, exif, batch, signal, stopLoading },
  })) {
    const row = float16 ? within16(found) : found;
    if (row.error?.code === "weights-not-finite" && !anyVector) {
      const blank = await vectorOfBlank(model, layer, signal);
      if (!blank.every(Number.isFinite)) throw row.error; // no image can do better
    }
    anyVector ||= row.vector !== undefined || row.error.code === "weights-not-finite";
    if (strict && row.error) {
      if (rows.length > 0) yield rows;
      throw row.error;
    }
    if (rows.push(row) < batch) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

function within16(row: FeatureRow): FeatureRow {
  const at = row.vector ? beyondFloat16(row.vector) : -1;
  if (at < 0) return row;
  const { image_path } = row;
  const message = `${image_path}: number ${at} of its vector is ${row.vector![at]}, more than 16 bits hold (65504); leave --float16 out, or normalize`;
  return { image_path, error: new ResidualError("float16-range", message) };
}

/** All files of an output, or none of them. */
async function writeAll(rows: KeptRows, path: string, name: RowFormatName, float16: boolean): Promise<void> {
  const outputs: Output[] = [];
  const base = path.replace(/[\\/]+$/, "");
  try {
    const open = async (file: string): Promise<Output> => {
      const output = await openOutput(file, { sameTemporary: true });
      outputs.push(output);
      return output;
    };
    await formatNamed(name).write(rows, base, { float16, open });
    for (const output of outputs) await output.commit();
  } catch (error) {
    for (const output of outputs) await output.discard();
    throw error;
  }
}
