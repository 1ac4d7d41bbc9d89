/** `residual dedup PATH…`: groups of images that are nearly the same. */
import type { Command } from "commander";
import { duplicateGroups } from "../inspect/similar.ts";
import { type ExitCode, UsageError } from "./exit.ts";
import { addSayingOptions, addVectorOptions, type VectorFlags } from "./image-options.ts";
import { refuseRepeats, shown } from "./option-parsers.ts";
import { print, type Run, vectorRows, withRun } from "./row-source.ts";

interface DedupFlags extends VectorFlags {
  threshold: number;
}

export function addDedupCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("dedup")
    .description("Prints groups of near-duplicates: images whose vectors' cosine is at least the threshold.")
    .argument("[path...]", "images, as features takes them; or one file that features -o wrote");
  addVectorOptions(command).option("--threshold <cosine>", "from 0 to 1: how near is nearly the same", cosine, 0.95);
  addSayingOptions(command, "one JSON object on standard output; notices and errors as JSON lines").action(
    async (paths: string[], flags: DedupFlags) => onExit(await withRun(flags, (run) => dedup(paths, flags, run))),
  );
  refuseRepeats(command, ["kernel"]);
}

function cosine(value: string): number {
  const number = /^(0|1|[01]?\.\d+)$/.test(value) ? Number(value) : Number.NaN;
  if (number >= 0 && number <= 1) return number;
  throw new UsageError(`--threshold ${shown(value)}: expected a cosine from 0 to 1, such as 0.95`);
}

async function dedup(paths: readonly string[], { threshold, ...flags }: DedupFlags, run: Run): Promise<void> {
  const rows = await vectorRows(run.rows(paths));
  const groups = await duplicateGroups(rows, threshold, run.signal);
  print(flags, { images: rows.length, threshold, groups }, () =>
    groups
      .map(({ images, cosine }) => `${cosine.toFixed(4)}  ${images.length} images\n  ${images.join("\n  ")}\n`)
      .join(""),
  );
  if (groups.length === 0) run.console.notice(`no near-duplicates among ${rows.length} images (cosine ${threshold})`);
}
