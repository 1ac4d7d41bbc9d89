/** The paths that a command was given, with `-` replaced by what standard input lists. */
import { fstatSync } from "node:fs";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { ImageError } from "../errors.ts";
import { UsageError } from "./exit.ts";

/** Throws UsageError where `-` stands twice or nothing is named, ImageError where standard input cannot be read, the signal's reason. */
export async function expandPaths(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  return (await withStandardInput(paths, signal)).map(asPath);
}

async function withStandardInput(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
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
    // Reading a folder would give nothing, and no error.
    if (fstatSync(0).isDirectory())
      throw new UsageError("standard input is a folder; name it as an argument, or list one path a line");
    return await text(addAbortSignal(signal, process.stdin));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UsageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new ImageError("not-readable", `standard input: cannot be read (${message})`, { cause: error });
  }
}

/** `file:` URLs as paths; all else as it is. */
export function asPath(text: string): string {
  if (text.includes("\0"))
    throw new UsageError(
      "a path with a NUL byte: a list of find -print0? One path a line is expected (tr '\\0' '\\n')",
    );
  if (!text.startsWith("file://")) return text;
  try {
    return fileURLToPath(text);
  } catch (error) {
    throw new UsageError(`${text}: not a file URL of this machine (${error instanceof Error ? error.message : error})`);
  }
}

/** One path a line; no trimming, since a path may begin or end with a space. */
function linesOf(list: string): string[] {
  return list.split(/\r?\n/).filter((line) => line !== "");
}
