/** Exit codes, and how a failure is said: one line on standard error that begins with the program's name. */
import { OptionError, ResidualError } from "../errors.ts";
import { Console } from "./console.ts";

export const exitCode = { done: 0, failed: 1, usage: 2, someFailed: 3, interrupted: 130, terminated: 143 } as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Wrong use of the command line, found by us and not by its parser. */
export class UsageError extends OptionError {}

/** What Ctrl-C (SIGINT) and SIGTERM abort with. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: "SIGINT" | "SIGTERM";
  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Sets the exit code of a process that has nothing left to do. After an interruption it ends at once: a request that nobody waits for any more, to a
 * server that is silent, would hold it open for minutes.
 */
export function endProcess(code: number): void {
  process.exitCode = code;
  if (code === exitCode.interrupted || code === exitCode.terminated)
    process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}

/** Says what went wrong on standard error, and gives the exit code for it. A fault of ours shows its stack. */
export function reportFailure(error: unknown, options: { readonly json: boolean }): ExitCode {
  if (error instanceof Interrupted) return error.signal === "SIGINT" ? exitCode.interrupted : exitCode.terminated;
  const console = new Console({ quiet: false, json: options.json });
  if (error instanceof ResidualError) {
    console.error(error.message, error.code);
    return error instanceof OptionError ? exitCode.usage : exitCode.failed;
  }
  console.fault(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCode.failed;
}
