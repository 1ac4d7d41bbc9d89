// `npm run bench:convert`: a resnet50's .pth to safetensors by our command, beside torch.load and save_file in Python, both from the start of the
// process to its end; time and peak memory. README.md in bench/ says how to read it. Ends with 1 where a target is missed.
import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { wholeNumber } from "../../src/cli/option-parsers.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { conditionsNow, keepResult, root, say } from "../common/keep-result.ts";
import { inTemporaryFolder, pythonPeerOf } from "../process/keep-process.ts";
import { writeWeights } from "../process/ours-command.ts";
import { writePth } from "../process/python-peer.ts";
import { timeCommand } from "../process/timed-command.ts";
import { type ConvertResult, convertPage, convertTable, targetsOf } from "./convert-report.ts";

interface Options {
  rounds: number;
  python: string;
  record: boolean;
}

const { rounds, python, record } = new Command("bench:convert")
  .description("A .pth to safetensors by the command, beside torch.load and save_file")
  .option("--rounds <n>", "after one that warms up", wholeNumber("--rounds", 1, 1000), 11)
  .option("--python <command>", "with torch and safetensors", process.env.RESIDUAL_PYTHON ?? "python3")
  .option("--no-record", "only print")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

const main = join(root, "dist/cli/main.js");
if (!existsSync(main)) throw new Error("the package is not built: npm run build");
const peer = await pythonPeerOf(python);
if (!peer) throw new Error("a .pth is made by PyTorch: name a Python that has it (--python)");

await inTemporaryFolder(async (folder) => {
  const pth = await writePth(peer, await writeWeights("resnet50", folder));
  const out = { residual: join(folder, "ours.safetensors"), Python: join(folder, "theirs.safetensors") };
  const commands = {
    residual: [process.execPath, main, "convert", pth, out.residual, "--quiet"],
    Python: [python, join(root, "bench/peers/convert_pth.py"), pth, out.Python],
  };
  const before = conditionsNow("bench/common", "bench/peers", "bench/process", "bench/convert");
  const result: ConvertResult = {
    fileBytes: (await stat(pth)).size,
    commands: { residual: { milliseconds: [], peakMiB: [] }, Python: { milliseconds: [], peakMiB: [] } },
    conditions: { ...before, node: process.versions.node, python: peer.versions },
  };
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? (["residual", "Python"] as const) : (["Python", "residual"] as const)) {
      await rm(out[name], { force: true });
      const { milliseconds, peakMiB } = await timeCommand(commands[name], { output: "/dev/null", python });
      if (round === 0) continue;
      result.commands[name].milliseconds.push(milliseconds);
      result.commands[name].peakMiB.push(peakMiB);
    }
    if (round === 0) await checkSame(out.residual, out.Python);
    else say(`round ${round} of ${rounds}`);
  }
  console.log(convertTable(result));
  if (targetsOf(result).some(({ reached }) => !reached)) process.exitCode = 1;
  if (!record) return;
  const kept = { kind: "convert", date: before.date, keyOf: () => "resnet50", page: convertPage };
  say(`recorded in ${await keepResult(result, kept)}`);
});

/** Throws unless both files hold the same tensors, byte for byte. */
async function checkSame(ours: string, theirs: string): Promise<void> {
  const [a, b] = [await openSafetensors(ours), await openSafetensors(theirs)];
  if (a.tensors.size !== b.tensors.size) throw new Error(`${a.tensors.size} tensors, and Python has ${b.tensors.size}`);
  for (const [name, tensor] of b.tensors) {
    const wanted = await tensor.readBytes();
    const found = await a.tensors.get(name)?.readBytes();
    if (!found || Buffer.compare(wanted, found) !== 0) throw new Error(`${name} is not what Python wrote`);
  }
  say(`the files agree: ${b.tensors.size} tensors`);
  await a.close();
  await b.close();
}
