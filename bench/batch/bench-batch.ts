// `npm run bench:batch`: what the size of a batch is worth, the reason for the default of `residual features --batch`: images a second of a
// network alone, each size a process of its own, the sizes in turn in each round. Writes results/batch.md.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { conditionsNow, root, say, thisMachine } from "../common/keep-result.ts";
import { markdownTable } from "../common/markdown-table.ts";
import { describeCommit, describeMachine } from "../common/record.ts";
import { ratiosOf, spreadOf } from "../common/statistics.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "resnet18" },
    rounds: { type: "string", default: "3" },
    sizes: { type: "string", default: "1,2,4,8,16,32" },
  },
});
const sizes = values.sizes.split(",").map(Number);
/** Milliseconds an image, by size and round. */
const times = new Map<number, number[]>(sizes.map((size) => [size, []]));
const load = loadavg()[0]!;
for (let round = 0; round < Number(values.rounds); round++)
  for (const size of sizes) {
    const args = [
      "bench",
      "model",
      "--model",
      values.model,
      "--batch",
      String(size),
      "--seconds",
      "2",
      "--device",
      "wasm",
    ];
    const command = ["--conditions=source", join(root, "src/cli/main.ts"), ...args, "--json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    if (status !== 0) throw new Error(`batch ${size} ended with ${status}: ${stderr}`);
    times.get(size)!.push(1000 / (JSON.parse(stdout) as { imagesPerSecond: number }).imagesPerSecond);
  }
const base = times.get(8) ?? times.get(sizes[0]!)!;
const rows = sizes.map((size) => {
  const { median, low, high } = spreadOf(times.get(size)!);
  const ratio = spreadOf(ratiosOf(times.get(size)!, base)).median.toFixed(3);
  return [
    String(size),
    median.toFixed(2),
    `${low.toFixed(2)} to ${high.toFixed(2)}`,
    (1000 / median).toFixed(1),
    ratio,
  ];
});
const page = `# The size of a batch

${values.model} alone by \`residual bench model --batch N\`, mode latency, WebAssembly on all threads; ${values.rounds} rounds, the sizes in turn in each. "of batch 8" is an
image's time over that in a batch of 8 of the same round, the median: above 1, 8 is faster. \`residual features\` takes 8: a larger batch gains little
and takes activations, decoded images and the time until Ctrl-C is obeyed in proportion; a smaller one loses where images wait for one another.

Machine: ${describeMachine(thisMachine())}. Node ${process.versions.node}. Commit ${describeCommit(conditionsNow("src"))}. Load before: ${load.toFixed(1)}.

${markdownTable([["batch", "ms an image", "quartiles", "images a second", "of batch 8"], ...rows])}
`;
writeFileSync(join(root, "bench/results/batch.md"), page);
say(page);
