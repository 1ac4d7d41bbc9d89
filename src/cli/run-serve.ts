/** What `residual serve` does: keys, store and networks put together, a server until a signal comes, and its end in order. */
import { isIP } from "node:net";
import pino from "pino";
import type { DeviceChoice } from "../backends/select.ts";
import { ApiKeys, localUser } from "../server/api-keys.ts";
import { DataStore } from "../server/data-store.ts";
import { MiB, type ServerLimits } from "../server/limits.ts";
import { checkNamedWeights, modelLoader, type NamedWeights } from "../server/model-loader.ts";
import { listen, openService } from "../server/serve.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import { Console } from "./console.ts";
import { type ExitCode, exitCode, Interrupted, UsageError } from "./exit.ts";
import { Interruption } from "./interruption.ts";
import { shown } from "./option-parsers.ts";
import { asPath } from "./path-list.ts";
import { packageVersion } from "./version.ts";

/** As the command line gives them: MiB, seconds and milliseconds. */
export interface ServeFlags {
  port: number;
  host: string;
  data: string;
  weights?: NamedWeights;
  offline?: boolean;
  mirror?: string;
  preload?: readonly number[];
  keys?: string;
  alias?: readonly string[];
  allowHttp?: boolean;
  device: DeviceChoice;
  threads?: number;
  throughput?: boolean;
  maxRequests: number;
  maxBatch: number;
  batchWait: number;
  maxBody: number;
  maxFile: number;
  maxAnswer: number;
  timeout: number;
  bodyTimeout: number;
  modelMemory: number;
  grace: number;
  json?: boolean;
  quiet?: boolean;
}

/** Serves until a signal comes. Throws OptionError for what is wrong with the options, and what keeps it from starting. */
export async function runServe(flags: ServeFlags): Promise<ExitCode> {
  const { quiet = false, json = false } = flags;
  const console = new Console({ quiet, json });
  const keys = await ApiKeys.load(
    flags.keys === undefined ? undefined : asPath(flags.keys),
    process.env.RESIDUAL_API_KEY,
  );
  if (keys.isOpen && !isLoopback(flags.host))
    throw new UsageError(
      `--host ${shown(flags.host)}: without keys the server listens on loopback only (127.0.0.1); name --keys FILE, or one key in RESIDUAL_API_KEY`,
    );
  const interruption = new Interruption(() => console.notice("ended at once"));
  const { signal } = interruption;
  const log = pino(
    { name: "residual", level: quiet ? "error" : "info", base: undefined },
    pino.destination({ dest: 2, sync: true }),
  );
  const limits = limitsOf(flags);
  const { device, threads, weights = new Map(), preload = [], alias = [], allowHttp = false } = flags;
  await checkNamedWeights(weights, signal);
  const store = await DataStore.open(asPath(flags.data));
  const downloads = new Set<string>();
  const open = {
    onProgress: ({ file }: { readonly file: string }) => {
      if (!downloads.has(file)) console.notice(`downloads ${file}`);
      downloads.add(file);
    },
    ...{ device, threads, simd: "auto" as const, onWarning: (text: string) => console.notice(text) },
    ...(flags.offline ? { offline: true } : {}),
    ...(flags.mirror === undefined ? {} : { mirror: flags.mirror }),
    ...(flags.throughput ? { optimizeFor: "throughput" as const } : {}),
  };
  const loader = modelLoader({ weights, batch: limits.batch, open });
  const service = openService({ keys, store, loader, limits, log, allowHttp, aliases: alias, preload, threads });
  try {
    const server = await listen(service, { host: flags.host, port: flags.port, version: await packageVersion() });
    try {
      const host = isIP(flags.host) === 6 ? `[${flags.host}]` : flags.host;
      console.notice(`listening on http://${host}:${server.port}`);
      if (keys.isOpen)
        console.notice(
          `no key is named: whoever is on this machine may call, as the user ${localUser}, and nobody else`,
        );
      await untilAborted(service.preloaded, signal);
      if (preload.length > 0) console.notice(`loaded: ${preload.join(", ")}`);
      await untilAborted(new Promise<never>(() => undefined), signal);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.notice("stopping: what was accepted is finished (once more: at once)");
    } finally {
      await server.stop();
    }
  } finally {
    await service.close();
    interruption.end();
  }
  return exitCode.done;
}

function limitsOf(flags: ServeFlags): ServerLimits {
  return {
    ...{ requests: flags.maxRequests, batch: flags.maxBatch, batchWait: flags.batchWait, timeout: flags.timeout },
    ...{ bodyBytes: flags.maxBody * MiB, fileBytes: flags.maxFile * MiB, answerBytes: flags.maxAnswer * MiB },
    ...{ modelBytes: flags.modelMemory * MiB, bodySeconds: flags.bodyTimeout, graceSeconds: flags.grace },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
