/** Commands beside one another, one after another in each of several rounds. */
import { join } from "node:path";
import { relativeError } from "../../test/support/compare.ts";
import { readVectors } from "./ours-command.ts";
import { ours, type ProcessMeasured } from "./process-report.ts";
import { timeCommand } from "./timed-command.ts";

export interface MeasureCommandsOptions {
  readonly rounds: number;
  /** For what the commands print. */
  readonly folder: string;
  readonly python: string;
  readonly name: string;
  readonly say: (line: string) => void;
}

/** Decoders may differ by a level of a pixel. */
const limit = 1e-3;

/**
 * `commands` by their titles; `residual` is ours and the first. Each prints a row an image. A first round, which warms the disk's cache, is not
 * counted; its vectors are compared with ours. Throws where a command fails or has other vectors.
 */
export async function measureCommands(
  commands: Readonly<Record<string, readonly string[]>>,
  options: MeasureCommandsOptions,
): Promise<Record<string, ProcessMeasured>> {
  const { rounds, folder, python, name, say } = options;
  const errors = new Map<string, number>();
  const output = (title: string) => join(folder, `${title.replace(/[^a-z0-9]+/gi, "-")}.jsonl`);
  const runs = new Map(Object.keys(commands).map((title) => [title, [] as Awaited<ReturnType<typeof timeCommand>>[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const [title, command] of Object.entries(commands)) {
      const run = await timeCommand(command, { output: output(title), python });
      if (round > 0) runs.get(title)!.push(run);
      else errors.set(title, await errorOf(output(title), output(ours)));
      if (!(errors.get(title)! <= limit)) throw new Error(`${name}: ${title} is off by ${errors.get(title)}`);
    }
    const last = [...runs].map(([title, all]) => `${title} ${all.at(-1)?.milliseconds.toFixed(0)}`);
    say(`${name}: ${round === 0 ? "the commands agree" : `round ${round} of ${rounds}: ${last.join(", ")} ms`}`);
  }
  const measured = [...runs].map(([title, all]): [string, ProcessMeasured] => {
    const withoutStart = all.map(({ errors }) => 1000 * Number(errors.trim().split("\n").at(-1) || NaN));
    return [
      title,
      {
        milliseconds: all.map(({ milliseconds }) => milliseconds),
        peakMiB: all.map(({ peakMiB }) => peakMiB),
        ...(withoutStart.every(Number.isFinite) ? { withoutStart } : {}),
        error: errors.get(title)!,
      },
    ];
  });
  return Object.fromEntries(measured);
}

/** The largest of the images' errors; infinite where one has no vector. */
async function errorOf(file: string, rightFile: string): Promise<number> {
  const [vectors, right] = [await readVectors(file), await readVectors(rightFile)];
  if (vectors.size !== right.size) return Number.POSITIVE_INFINITY;
  const none = new Float32Array();
  return Math.max(...[...right].map(([image, vector]) => relativeError(vectors.get(image) ?? none, vector)));
}
