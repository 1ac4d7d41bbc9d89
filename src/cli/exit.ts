/** Exit codes, and how a failure is said: one line on standard error that begins with the program's name. */
import { OptionError, ResidualError } from "../errors.ts";

export const exitCode = { done: 0, failed: 1, usage: 2, someFailed: 3, interrupted: 130 } as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Wrong use of the command line, found by us and not by its parser. */
export class UsageError extends OptionError {}

/** What Ctrl-C aborts with. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Says what went wrong on standard error, and gives the exit code for it. A fault of ours shows its stack. */
export function reportFailure(error: unknown): ExitCode {
  if (error instanceof Interrupted) return exitCode.interrupted;
  if (error instanceof ResidualError) {
    process.stderr.write(`residual: ${error.message}\n`);
    return error instanceof OptionError ? exitCode.usage : exitCode.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`residual: a fault in the program itself, please report it: ${text}\n`);
  return exitCode.failed;
}
