/** The images that a command was given, as often as they are asked for: paths as they stand, and the lines of lists in files or on standard input. */
import { createReadStream, fstatSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { ImageError } from "../errors.ts";
import type { LiteralPath } from "../features/sources.ts";
import { UsageError } from "./exit.ts";

/** What a command names, each time from the first. */
export type Named = () => AsyncGenerator<string | LiteralPath, void, undefined>;

/**
 * The paths, `-` replaced by what standard input lists, then the lines of the file `list`. Standard input is read at once, a file each time.
 * Throws UsageError where `-` stands twice or nothing is named, ImageError where a list cannot be read, the signal's reason.
 */
export async function namedBy(
  paths: readonly string[],
  { list, signal }: { readonly list?: string; readonly signal: AbortSignal },
): Promise<Named> {
  const all = [...paths, ...(list === "-" ? ["-"] : [])];
  if (all.length === 0 && list === undefined)
    throw new UsageError("no images were named; name a file, a folder, or a --list");
  if (all.indexOf("-") !== all.lastIndexOf("-"))
    throw new UsageError("- stands twice; standard input can be read once");
  const lines = all.includes("-") ? linesOf(await readStandardInput(signal)) : [];
  if (all.every((path) => path === "-") && lines.length === 0 && (list === undefined || list === "-"))
    throw new UsageError("standard input named no images; one path a line is expected");
  const given = all.map((path) => (path === "-" ? path : asPath(path)));
  if (list !== undefined && list !== "-") checkList(asPath(list));
  return async function* () {
    for (const path of given)
      if (path !== "-") yield path;
      else for (const line of lines) yield literal(line);
    if (list === undefined || list === "-") return;
    let listed = 0;
    for await (const line of createInterface({ input: createReadStream(asPath(list)), crlfDelay: Infinity })) {
      signal.throwIfAborted();
      if (line === "") continue;
      listed++;
      yield literal(line);
    }
    if (listed === 0) throw new UsageError(`--list ${list}: names no images; one path a line is expected`);
  };
}

function literal(line: string): LiteralPath {
  return { literalPath: asPath(line) };
}

function checkList(list: string): void {
  try {
    if (statSync(list).isFile()) return;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ImageError("not-readable", `--list ${list}: cannot be read (${message})`, { cause: error });
  }
  throw new UsageError(`--list ${list}: is no file; name one with a path a line, or - for standard input`);
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
