/** From arguments to an exit code: picks the subcommand, and turns whatever it throws into one line on standard error. */
import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./bench-command.ts";
import { addClassifyCommand } from "./classify-command.ts";
import { addConvertCommand } from "./convert-command.ts";
import { addDedupCommand } from "./dedup-command.ts";
import { exitCode, reportFailure, UsageError } from "./exit.ts";
import { addFeaturesCommand } from "./features-command.ts";
import { addProbeCommand } from "./probe-command.ts";
import { addServeCommand } from "./serve-command.ts";
import { addSimilarCommand } from "./similar-command.ts";
import { packageVersion } from "./version.ts";
import { addWeightsCommand } from "./weights-command.ts";

/** Whether errors are said as JSON; known before the options are parsed, so that wrong options too are said as asked. */
export function saysJson(argv: readonly string[]): boolean {
  return argv.includes("--json");
}

/** Runs `residual ARGV…` and gives its exit code; never throws. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const program = new Command("residual")
    .description("Images in, the feature vectors of a ResNet out: WebGPU or WebAssembly, no native module.")
    .version(await packageVersion())
    .configureOutput({ outputError: () => undefined }) // said by `failure`, as every other error is
    .exitOverride();
  let code: number = exitCode.done;
  const onExit = (value: number): void => {
    code = value;
  };
  addFeaturesCommand(program, onExit);
  addClassifyCommand(program, onExit);
  addSimilarCommand(program, onExit);
  addDedupCommand(program, onExit);
  addProbeCommand(program, onExit);
  addConvertCommand(program, onExit);
  addBenchCommand(program, onExit);
  addWeightsCommand(program, onExit);
  addServeCommand(program, onExit);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return failure(error, program, argv);
  }
}

/** The command that the arguments name, with those above it. */
function commandOf(program: Command, argv: readonly string[]): { names: string[]; takesPaths: boolean } {
  const names = [program.name()];
  let command = program;
  for (const arg of argv) {
    const next = command.commands.find((known) => known.name() === arg);
    if (!next) break;
    command = next;
    names.push(arg);
  }
  return { names, takesPaths: command.registeredArguments.length > 0 };
}

function failure(error: unknown, program: Command, argv: readonly string[]): number {
  const json = saysJson(argv);
  if (!(error instanceof CommanderError)) return reportFailure(error, { json });
  if (error.exitCode === 0) return exitCode.done; // --help and --version
  if (error.code === "commander.help") return exitCode.usage; // no command was named: the help stands on standard error
  const command = commandOf(program, argv);
  const help = [...command.names, "--help"].join(" ");
  const said = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  const dash =
    error.code === "commander.unknownOption" && command.takesPaths ? " (a file of that name is named ./-…)" : "";
  return reportFailure(new UsageError(`${said}${dash}; ${help} shows what there is`), { json });
}
