/** Processor time as Linux counts it, in milliseconds (in steps of ten); elsewhere nothing. */
import { readFileSync } from "node:fs";

/** That all threads of a process have used so far; nothing where it has ended. */
export function processorTimeOf(pid: number | "self"): number | undefined {
  const text = readProc(`${pid}/stat`);
  // proc(5): utime and stime are fields 14 and 15; the name before them, in brackets, may have blanks and brackets.
  const fields = text?.slice(text.lastIndexOf(") ") + 2).split(" ");
  return fields && 10 * (Number(fields[11]) + Number(fields[12]));
}

/** That all programs have used so far, and the host for others (steal). */
export function processorTimeOfAll(): number | undefined {
  // proc(5): cpu user nice system idle iowait irq softirq steal …
  const fields = readProc("stat")
    ?.match(/^cpu +(.*)/)?.[1]
    ?.split(" ", 8)
    .map(Number);
  return fields && 10 * fields.filter((_, i) => i !== 3 && i !== 4).reduce((sum, ticks) => sum + ticks, 0);
}

function readProc(path: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
