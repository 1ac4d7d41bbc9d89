// `npm run bench:cli`: one image's feature vector by our command, from the start of the process to its end, beside a Python script that does
// the same with torch, torchvision and Pillow. README.md in bench/ says how to read it. Ends with 1 where a target is missed.
import { join, resolve } from "node:path";
import { Command } from "commander";
import { wholeNumber } from "../../src/cli/option-parsers.ts";
import { root, say } from "../common/keep-result.ts";
import { inTemporaryFolder, measureAndKeep, pythonPeerOf } from "../process/keep-process.ts";
import { measureCommands } from "../process/measure-commands.ts";
import { featuresCommand, writeWeights } from "../process/ours-command.ts";
import { ours, type ProcessResult, timesOurs } from "../process/process-report.ts";
import { torchFeaturesCommand, writePth } from "../process/python-peer.ts";

const model = "resnet18";
/** Under a third of Python's time, and of its memory. */
const least = 3;

const options = new Command("bench:cli")
  .description("One image by the command, with resnet18, beside Python: time and peak memory")
  .option("--rounds <n>", "after one that warms up", wholeNumber("--rounds", 1, 1000), 15)
  .option("--photo <file>", "the image", join(root, "examples/photos/coffee.jpg"))
  .option("--python <command>", "with torch, torchvision and Pillow", process.env.RESIDUAL_PYTHON ?? "python3")
  .option("--no-record", "only print")
  .allowExcessArguments(false)
  .parse()
  .opts<{ rounds: number; photo: string; python: string; record: boolean }>();

const photo = resolve(options.photo);
const about =
  "One image's feature vector by a command, from the start of its process to its end, the weights on disk; resnet18, interleaved.";
const peer = await pythonPeerOf(options.python);
await inTemporaryFolder(async (folder) => {
  const weights = await writeWeights(model, folder);
  const pth = peer && (await writePth(peer, weights));
  const bench = { kind: "cli", title: "One image by the command, beside Python", about, record: options.record };
  await measureAndKeep(bench, peer, async () => {
    const commands = {
      [ours]: featuresCommand({ model, weights, paths: [photo] }),
      ...(peer && pth ? { Python: torchFeaturesCommand(peer, { model, weights: pth, path: photo }) } : {}),
    };
    const { rounds, python } = options;
    const measured = await measureCommands(commands, { rounds, folder, python, name: model, say });
    const result: ProcessResult = { model, images: 1, commands: measured };
    const beside = (what: string, key: "milliseconds" | "peakMiB") => {
      return { what: `Python's ${what} over ours`, found: timesOurs(result, "Python", key), least };
    };
    return { result, outcomes: peer ? [beside("time", "milliseconds"), beside("peak memory", "peakMiB")] : [] };
  });
});
