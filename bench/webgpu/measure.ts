// One workload on several engines: made ready, checked, warmed up, then timed in rounds, one engine after another in each.
import { relativeError } from "../../test/support/compare.ts";
import type { Timed } from "../common/result-tables.ts";
import type { RemotePage } from "./browser.ts";
import type { EngineName } from "./engine-names.ts";
import type { WorkloadSpec } from "./page.ts";

export interface MeasureOptions {
  readonly engines: readonly EngineName[];
  /** As many as fit into `seconds`, at least 5, unless told. */
  readonly rounds?: number;
  readonly seconds: number;
  /** What is right; the first engine's output unless told. */
  readonly expected?: Float32Array;
  readonly say: (line: string) => void;
}

export interface Measurement {
  readonly engines: Partial<Record<EngineName, Timed>>;
  readonly versions: Partial<Record<EngineName, string>>;
}

const rounds = { least: 5, most: 30 };
/** Milliseconds. */
const longRun = 15_000;
/** Further off than that, an engine computes something else. Ours is held to 1e-4 in `npm run parity`; here it is held to it too. */
const limits: Record<EngineName, number> = { ours: 1e-4, oursGemm: 1e-4, tfjs: 1e-3, onnxruntime: 1e-3 };

/** Throws where an engine cannot run the workload, is off, or gives another output in a later round. */
export async function measure(page: RemotePage, spec: WorkloadSpec, options: MeasureOptions): Promise<Measurement> {
  const { engines, say } = options;
  const name = [spec.model, spec.layer, `batch ${spec.batch}`].filter((part) => part !== undefined).join(", ");
  const versions: Partial<Record<EngineName, string>> = {};
  const errors = new Map<EngineName, number>();
  let { expected } = options;
  let warmRound = 0;
  for (const engine of engines) {
    versions[engine] = await page.open(engine, spec);
    const first = await page.time(engine); // compiles what was not compiled yet
    const output = Float32Array.from(first.output);
    expected ??= output;
    const error = relativeError(output, expected);
    errors.set(engine, error);
    if (!(error <= limits[engine]))
      throw new Error(`${name}: ${engine} is off by ${error}, at most ${limits[engine]} is right`);
    // A first run of many seconds has warmed everything up, and what it compiled is a small part of it.
    const { milliseconds } = first.milliseconds > longRun ? first : await page.time(engine);
    warmRound += milliseconds;
    say(`${name}: ${engine} is ready: error ${error.toExponential(1)}, warm run ${milliseconds.toFixed(0)} ms`);
  }

  const fitting = Math.floor((options.seconds * 1000) / warmRound);
  const count = options.rounds ?? Math.min(rounds.most, Math.max(rounds.least, fitting));
  const times = new Map(engines.map((engine) => [engine, [] as number[]]));
  for (let round = 0; round < count; round++) {
    for (const engine of engines) {
      const { milliseconds, output } = await page.time(engine);
      times.get(engine)!.push(milliseconds);
      const error = relativeError(Float32Array.from(output), expected!);
      if (!(error <= limits[engine])) throw new Error(`${name}: ${engine} is off by ${error} in round ${round + 1}`);
    }
    const last = engines.map((engine) => `${engine} ${times.get(engine)!.at(-1)!.toFixed(0)}`);
    say(`${name}: round ${round + 1} of ${count}: ${last.join(", ")} ms`);
  }
  for (const engine of engines) await page.close(engine);
  const measured = engines.map((engine) => [engine, { milliseconds: times.get(engine)!, error: errors.get(engine)! }]);
  return { engines: Object.fromEntries(measured), versions };
}
