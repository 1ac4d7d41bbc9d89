/** Where rows go: a file that appears whole or not at all, or standard output (`-`); never over what the run reads. */
import { stat } from "node:fs/promises";
import { openOutput } from "#platform";
import type { Output } from "../platform/platform.ts";
import { UsageError } from "./exit.ts";

/** Opens `path`, or gives undefined for `-` and none. Throws UsageError where it is, by whatever name, one of `inputs`; FileError. */
export async function openRows(path: string | undefined, inputs: readonly string[]): Promise<Output | undefined> {
  if (path === undefined || path === "-") return undefined;
  const target = await identityOf(path);
  if (target !== undefined)
    for (const input of inputs)
      if ((await identityOf(input)) === target)
        throw new UsageError(`-o ${path}: is also an input (${input}), which would be lost; name another file`);
  return openOutput(path);
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
