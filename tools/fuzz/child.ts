/**
 * The process that reads the cases, for tools/fuzz-weights.ts: started with neither the right to write files nor to start processes, nor to make
 * code from text. Says before each case which it is, and after it what came of it, at what cost.
 */
import process from "node:process";
import { casesOf } from "./formats.ts";
import { judge, memoryLimit, type Verdict } from "./judge.ts";

export interface Task {
  readonly format: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

export type Report =
  | { readonly begins: number }
  | {
      readonly ended: number;
      readonly name: string;
      readonly bytes: number;
      readonly verdict: Verdict;
      readonly cpuMs: number;
      readonly grown: number;
    };

process.once("message", async ({ format, seed, from, to }: Task) => {
  const send = (report: Report) => new Promise<void>((resolve) => process.send!(report, () => resolve()));
  const caseAt = await casesOf(format, seed);
  // Warm: what the engine needs for itself is no case's. maxRSS is in KiB.
  for (let index = 0; index < 12; index++) await judge(caseAt(index));
  const base = process.resourceUsage().maxRSS;
  for (let index = from; index < to; index++) {
    await send({ begins: index });
    const given = caseAt(index);
    const { name, bytes } = given;
    const cpuBefore = process.cpuUsage();
    const verdict = await judge(given);
    const { user, system } = process.cpuUsage(cpuBefore);
    const grown = (process.resourceUsage().maxRSS - base) * 1024;
    await send({ ended: index, name, bytes: bytes.length, verdict, cpuMs: (user + system) / 1000, grown });
    if (grown > memoryLimit + bytes.length) break; // the highest only ever rises: the next case needs a fresh process
  }
  process.disconnect();
});
