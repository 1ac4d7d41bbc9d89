#!/usr/bin/env node
/** The command `residual`. */
import { ResidualError } from "../errors.ts";
import { endProcess, exitCode, reportFailure } from "./exit.ts";
import { runCommand, saysJson } from "./run-command.ts";

const argv = process.argv.slice(2);

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that stops early (`| head`) is not a failure of ours.
  if (error.code === "EPIPE") process.exit(exitCode.done);
  const failure = new ResidualError("not-writable", `standard output: cannot be written (${error.message})`);
  process.exit(reportFailure(failure, { json: saysJson(argv) }));
});
endProcess(await runCommand(argv));
