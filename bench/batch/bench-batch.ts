// `npm run bench:batch`: what the size of a batch is worth, the reason for the default of `residual features --batch`: images a second of a
// network alone, each size a process of its own, the sizes in turn in each round. Writes results/batch.md.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultBatch } from "../../src/features/features-of.ts";
import { conditionsNow, root, say, thisMachine } from "../common/keep-result.ts";
import { markdownTable } from "../common/markdown-table.ts";
import { describeCommit, describeMachine } from "../common/record.ts";
import { ratiosOf, spreadOf } from "../common/statistics.ts";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "resnet18,resnet50" },
    rounds: { type: "string", default: "5" },
    sizes: { type: "string", default: "1,2,4,8,16,32" },
  },
});
/** The default of `--batch`, to which the others are compared. */
const base = defaultBatch;
const sizes = [...new Set([...values.sizes.split(",").map(Number), base])].sort((a, b) => a - b);
const load = loadavg()[0]!;

function millisecondsAnImage(model: string, size: number): number {
  const args = ["bench", "model", "--model", model, "--batch", String(size), "--seconds", "2", "--device", "wasm"];
  const command = ["--conditions=source", join(root, "src/cli/main.ts"), ...args, "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${model}, batch ${size} ended with ${status}: ${stderr}`);
  return 1000 / (JSON.parse(stdout) as { imagesPerSecond: number }).imagesPerSecond;
}

function sectionOf(model: string): string {
  /** Milliseconds an image, by size and round. */
  const times = new Map<number, number[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [size, list] of times) list.push(millisecondsAnImage(model, size));
  const measured = [...times].map(([size, list]) => ({
    ...{ size, ...spreadOf(list) },
    ratio: spreadOf(ratiosOf(list, times.get(base)!)).median,
  }));
  const best = measured.reduce((least, one) => (one.ratio < least.ratio ? one : least));
  const rows = measured.map(({ size, median, low, high, ratio }) => [
    ...[String(size), median.toFixed(2), `${low.toFixed(2)} to ${high.toFixed(2)}`],
    ...[(1000 / median).toFixed(1), ratio.toFixed(3)],
  ]);
  const verdict =
    best.size === base
      ? `No size is faster than ${base}.`
      : `The fastest size, ${best.size}, takes ${((1 - best.ratio) * 100).toFixed(1)} % less time an image than ${base}.`;
  return `## ${model}

${verdict}

${markdownTable([["batch", "ms an image", "quartiles", "images a second", `over that of ${base}`], ...rows])}`;
}

const page = `# The size of a batch

Networks alone by \`residual bench model --batch N\`, mode latency, WebAssembly on all threads; ${values.rounds} rounds, the sizes in turn in each. The last column is an
image's time over that in a batch of ${base} of the same round, the median: above 1, ${base} is faster. \`residual features\` takes ${base} unless told: activations,
decoded images and the time until Ctrl-C is obeyed grow with the batch, and a network run for each image alone reads its weights each time.

Machine: ${describeMachine(thisMachine())}. Node ${process.versions.node}. Commit ${describeCommit(conditionsNow("src"))}. Load before: ${load.toFixed(1)}.

${values.models.split(",").map(sectionOf).join("\n\n")}
`;
writeFileSync(join(root, "bench/results/batch.md"), page);
say(page);
