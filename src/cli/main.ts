#!/usr/bin/env node
/** The command `residual`: picks the subcommand, and turns what it throws into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { ResidualError } from "../errors.ts";
import { exitCode, reportFailure, UsageError } from "./exit.ts";
import { addFeaturesCommand } from "./features-command.ts";
import { packageVersion } from "./version.ts";

/** Known before the options are parsed, so that wrong options too are said as asked. */
const json = process.argv.includes("--json");

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("residual")
    .description("Images in, the feature vectors of a ResNet out: WebGPU or WebAssembly, no native module.")
    .version(await packageVersion())
    .configureOutput({ outputError: () => undefined }) // said below, as every other error is
    .exitOverride();
  let code: number = exitCode.done;
  addFeaturesCommand(program, (value) => {
    code = value;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, { json });
    if (error.exitCode === 0) return exitCode.done;
    if (error.code === "commander.help") return exitCode.usage; // no command was named: the help stands on standard error
    const said = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
    const command = program.commands.find((known) => known.name() === argv[0]);
    const help = command ? `residual ${command.name()} --help` : "residual --help";
    return reportFailure(new UsageError(`${said}; ${help} shows what there is`), { json });
  }
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that stops early (`| head`) is not a failure of ours.
  if (error.code === "EPIPE") process.exit(exitCode.done);
  const failure = new ResidualError("not-writable", `standard output: cannot be written (${error.message})`);
  process.exit(reportFailure(failure, { json }));
});
process.exitCode = await main(process.argv.slice(2));
