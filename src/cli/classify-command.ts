/** `residual classify PATH…`: the likeliest classes of each image. */
import type { Command } from "commander";
import { OptionError } from "../errors.ts";
import { imagenetClasses, imagenetLabels, likeliest } from "../model/classification.ts";
import type { ExitCode } from "./exit.ts";
import { addSayingOptions, addVectorOptions, type VectorFlags, whatPathsMay } from "./image-options.ts";
import { refuseRepeats, wholeNumber } from "./option-parsers.ts";
import { standardOutput } from "./output-file.ts";
import { type Run, withRun } from "./row-source.ts";

interface ClassifyFlags extends VectorFlags {
  top: number;
}

export function addClassifyCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("classify")
    .description("Prints the likeliest classes of each image, with their probabilities.")
    .argument("[path...]", whatPathsMay);
  addVectorOptions(command, { layers: false }).option(
    "--top <n>",
    "how many classes, 1 to 1000",
    wholeNumber("--top", 1, 1000),
    5,
  );
  addSayingOptions(command, "one JSON object an image on standard output; notices and errors as JSON lines").action(
    async (paths: string[], flags: ClassifyFlags) => onExit(await withRun(flags, (run) => classify(paths, flags, run))),
  );
  refuseRepeats(command, ["kernel"]);
}

async function classify(paths: readonly string[], flags: ClassifyFlags, run: Run): Promise<void> {
  const { info, labels: own } = await run.model();
  if (info.classes === 0)
    throw new OptionError(`${info.name}: these weights have no classifier, only vectors; residual features gives them`);
  const top = Math.min(flags.top, info.classes);
  if (top < flags.top)
    run.console.notice(`--top ${flags.top}: these weights have ${info.classes} classes, all are shown`);
  const labels = own ?? (info.classes === imagenetClasses ? await imagenetLabels() : undefined);
  if (!own && labels)
    run.console.notice("the weights name no classes; as they are 1000, they are called by ImageNet's");
  if (!labels) run.console.notice("the weights name no classes; they are shown by their numbers");
  const write = standardOutput(run.signal);
  for await (const { image_path, vector, error } of run.rows(paths, { layer: "fc" })) {
    const classes = vector && likeliest(vector, top, labels);
    if (flags.json) {
      const row = classes ? { classes } : { error: { code: error!.code, message: error!.message } };
      await write(`${JSON.stringify({ image_path, ...row })}\n`);
    } else if (classes) {
      const lines = classes.map(
        ({ index, probability, label }) =>
          `  ${(100 * probability).toFixed(2).padStart(6)} %  ${label ?? `class ${index}`}`,
      );
      await write(`${image_path}\n${lines.join("\n")}\n`);
    }
  }
}
