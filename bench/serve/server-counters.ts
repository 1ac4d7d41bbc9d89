/** What a server counted between two looks at its `/metrics`. */

/** Of the images that were run in between. */
export interface Counted {
  readonly images: number;
  /** Images of a run, on average. */
  readonly batch: number;
  /** Milliseconds of the network's runs an image. */
  readonly runMs: number;
  /** Milliseconds of all processors an image: decoding, running, HTTP. */
  readonly processorMs: number;
}

interface Counters {
  readonly images: number;
  readonly runs: number;
  readonly runSeconds: number;
  readonly processorSeconds: number;
}

async function countersOf(port: number): Promise<Counters> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return {
    ...{ images: sum("residual_batch_images_sum"), runs: sum("residual_batch_images_count") },
    ...{ runSeconds: sum("residual_run_seconds_sum"), processorSeconds: sum("process_cpu_seconds_total") },
  };
}

/** What the server counted while `body` ran. */
export async function counting<T>(port: number, body: () => Promise<T>): Promise<[T, Counted]> {
  const before = await countersOf(port);
  const given = await body();
  const after = await countersOf(port);
  const images = after.images - before.images;
  return [
    given,
    {
      images,
      batch: images / (after.runs - before.runs),
      runMs: (1000 * (after.runSeconds - before.runSeconds)) / images,
      processorMs: (1000 * (after.processorSeconds - before.processorSeconds)) / images,
    },
  ];
}
