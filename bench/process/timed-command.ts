/** Commands as their users run them, from the start of the process to its end: their time, and the memory that they took. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface TimedCommand {
  readonly milliseconds: number;
  /** Resident memory at its highest. */
  readonly peakMiB: number;
  /** What it said on standard error. */
  readonly errors: string;
}

const stopwatch = fileURLToPath(new URL("stopwatch.py", import.meta.url));

/** `output` is a file for what the command prints; `python` any Python 3. Throws where the command fails, with what it said. */
export async function timeCommand(
  command: readonly string[],
  { output, python }: { readonly output: string; readonly python: string },
): Promise<TimedCommand> {
  const { stdout, stderr } = await promisify(execFile)(python, [stopwatch, output, ...command]);
  const { milliseconds, peakKiB, exit } = JSON.parse(stdout) as { milliseconds: number; peakKiB: number; exit: number };
  if (exit !== 0) throw new Error(`${command.join(" ")} ended with ${exit}:\n${stderr.trim().slice(-4000)}`);
  return { milliseconds, peakMiB: peakKiB / 1024, errors: stderr };
}

/** Resident memory of a command over its whole life, in MiB, one number every `every` milliseconds. Linux alone. */
export async function residentMemory(command: readonly string[], every: number): Promise<number[]> {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const samples: number[] = [];
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    const kib = status.match(/^VmRSS:\s+(\d+) kB$/m)?.[1]; // none of one that is ending
    if (kib !== undefined) samples.push(Number(kib) / 1024);
  }, every);
  const [code, signal] = await once(child, "exit").finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${signal ?? code}`);
  return samples;
}
