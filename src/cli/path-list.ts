/** The paths that a command was given, with `-` replaced by what standard input lists. */
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { ImageError } from "../errors.ts";
import { UsageError } from "./exit.ts";

/** Throws UsageError where `-` stands twice or nothing is named, ImageError where standard input cannot be read, the signal's reason. */
export async function expandPaths(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  if (!paths.includes("-")) return [...paths];
  if (paths.indexOf("-") !== paths.lastIndexOf("-"))
    throw new UsageError("- stands twice; standard input can be read once");
  const listed = linesOf(await readStandardInput(signal));
  const expanded = paths.flatMap((path) => (path === "-" ? listed : [path]));
  if (expanded.length === 0) throw new UsageError("standard input named no images; one path a line is expected");
  return expanded;
}

async function readStandardInput(signal: AbortSignal): Promise<string> {
  try {
    return await text(addAbortSignal(signal, process.stdin));
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    throw new ImageError("not-readable", `standard input: cannot be read (${message})`, { cause: error });
  }
}

/** One path a line; no trimming, since a path may begin or end with a space. */
function linesOf(list: string): string[] {
  return list.split(/\r?\n/).filter((line) => line !== "");
}
