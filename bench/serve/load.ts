/** Load on a server that listens, by autocannon: connections that each send the next request as soon as the last is answered. */
import { createRequire } from "node:module";
import type { ServeMeasured } from "./serve-report.ts";

/** A request of the mix. */
export interface LoadRequest {
  readonly method: "POST" | "GET";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

interface Client {
  on(event: "response", listen: (status: number, bytes: number, milliseconds: number) => void): void;
}
interface Instance extends Promise<{ readonly errors: number; readonly timeouts: number; readonly duration: number }> {
  on(event: "response", listen: (client: Client, status: number, bytes: number, milliseconds: number) => void): void;
}
type Autocannon = (options: object) => Instance;

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: readonly LoadRequest[];
}

/** Runs the load; latencies are of all answers, in milliseconds. */
export async function measureLoad({ port, connections, seconds, requests }: LoadOptions): Promise<ServeMeasured> {
  const autocannon = createRequire(import.meta.url)("autocannon") as Autocannon;
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  const run = autocannon({
    url: `http://127.0.0.1:${port}`,
    ...{ connections, duration: seconds, timeout: 60 },
    requests: requests.map(({ body, ...rest }) => ({ ...rest, ...(body ? { body: Buffer.from(body) } : {}) })),
  });
  run.on("response", (_, status, __, milliseconds) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    latencies.push(milliseconds);
  });
  const { errors, timeouts, duration } = await run;
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return {
    ...{ seconds: duration, statuses, errors, timeouts },
    latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: sorted.at(-1) ?? Number.NaN },
  };
}
