#!/usr/bin/env node
/** The command `residual`: picks the subcommand, and turns what it throws into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { exitCode, reportFailure } from "./exit.ts";
import { addFeaturesCommand } from "./features-command.ts";
import { packageVersion } from "./version.ts";

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("residual")
    .description("Images in, the feature vectors of a ResNet out: WebGPU or WebAssembly, no native module.")
    .version(await packageVersion())
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "residual: ")) })
    .showHelpAfterError("(residual --help lists the commands, residual COMMAND --help the options)")
    .exitOverride();
  let code: number = exitCode.done;
  addFeaturesCommand(program, (value) => {
    code = value;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    return reportFailure(error);
  }
}

// A reader that stops early (`| head`) is not a failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCode.done);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
