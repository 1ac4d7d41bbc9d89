/** Where rows go: never over what the run reads, and a place that cannot be written is said before the work. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, openOutput, pathKind } from "#platform";
import { formatNamed, type RowFormatName } from "../features/sinks/row-formats.ts";
import type { Output } from "../platform/platform.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { UsageError } from "./exit.ts";

/** Looks out for an input that is one of the output's files, by whatever name. */
export class OutputGuard {
  readonly #option: string;
  readonly #targets: ReadonlySet<string>;

  private constructor(option: string, targets: ReadonlySet<string>) {
    this.#option = option;
    this.#targets = targets;
  }

  /** `option`: what messages call the output. */
  static async of(option: string, files: readonly string[]): Promise<OutputGuard> {
    const targets = await Promise.all(files.map(identityOf));
    return new OutputGuard(option, new Set(targets.filter((target) => target !== undefined)));
  }

  /** Throws UsageError where `input` is a file of the output. */
  async check(input: string): Promise<void> {
    if (this.#targets.size === 0) return;
    const identity = await identityOf(input);
    if (identity !== undefined && this.#targets.has(identity))
      throw new UsageError(`${this.#option}: is also an input (${input}), which would be lost; name another file`);
  }
}

/** Tries to begin each file of the output, and leaves none. Throws FileError. */
export async function tryOutput(path: string, format: RowFormatName): Promise<void> {
  const { suffix } = formatNamed(format);
  if (suffix === undefined && (await pathKind(path)) === "file")
    throw new UsageError(`-o ${path}: is a file, and ${format} makes a folder; name another`);
  if (suffix === undefined) await makeFolder(path);
  for (const file of formatNamed(format).files(path)) {
    if (suffix === undefined) await makeFolder(dirname(file));
    await (await openOutput(file, { sameTemporary: true })).discard();
  }
}

/** Opens `path`, or gives undefined for `-` and none; `option` is what messages call it. Throws UsageError where it is, by whatever name, one of `inputs`; FileError. */
export async function openRows(
  path: string | undefined,
  inputs: readonly string[],
  option = `-o ${path}`,
): Promise<Output | undefined> {
  if (path === undefined || path === "-") return undefined;
  const guard = await OutputGuard.of(option, [path]);
  for (const input of inputs) await guard.check(input);
  return openOutput(path);
}

/**
 * Writes to standard output; each chunk resolves when it is written, so that memory does not grow before a slow reader and the chunk may be
 * used again. A reader that is gone ends the process (main.ts).
 */
export function standardOutput(signal: AbortSignal): (chunk: string | Uint8Array) => Promise<void> {
  return (chunk) => {
    const written = new Promise<void>((resolve) => {
      process.stdout.write(chunk, (error) => {
        if (!error) resolve();
      });
    });
    return untilAborted(written, signal);
  };
}

/** What two names of one file share, links followed; undefined where no plain file is. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return undefined; // missing or unreadable: whoever opens it says why
  }
}
