/** Where rows go: a file that appears whole or not at all, or standard output (`-`); never over what the run reads. */
import { stat } from "node:fs/promises";
import { openOutput } from "#platform";
import type { Output } from "../platform/platform.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { UsageError } from "./exit.ts";

/** Opens `path`, or gives undefined for `-` and none; `option` is what messages call it. Throws UsageError where it is, by whatever name, one of `inputs`; FileError. */
export async function openRows(
  path: string | undefined,
  inputs: readonly string[],
  option = `-o ${path}`,
): Promise<Output | undefined> {
  if (path === undefined || path === "-") return undefined;
  const target = await identityOf(path);
  if (target !== undefined)
    for (const input of inputs)
      if ((await identityOf(input)) === target)
        throw new UsageError(`${option}: is also an input (${input}), which would be lost; name another file`);
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
