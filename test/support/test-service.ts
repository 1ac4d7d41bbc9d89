/** A service for tests: a store in a temporary folder, a log in memory, tiny's network or made-up weights for every depth. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { StateDict } from "../../src/index.ts";
import { openModel } from "../../src/index.ts";
import { madeUpWeights } from "../../src/inspect/made-up-weights.ts";
import { modelOfDepth } from "../../src/model/architectures.ts";
import { ApiKeys } from "../../src/server/api-keys.ts";
import { createApp } from "../../src/server/app.ts";
import { DataStore } from "../../src/server/data-store.ts";
import { defaultLimits, type ServerLimits } from "../../src/server/limits.ts";
import type { ModelLoader } from "../../src/server/model-cache.ts";
import { modelLoader } from "../../src/server/model-loader.ts";
import { type OpenService, openService, type ServiceOptions } from "../../src/server/serve.ts";
import { tinyWeights } from "./small-weights.ts";

/** Lets nothing load: for tests of what comes before. */
export const noLoader: ModelLoader = {
  load: async (depth) => {
    throw new Error(`no network is needed here, and depth ${depth} was asked for`);
  },
  estimate: () => 0,
};

/** tiny at 64×64 in the place of every depth: an image costs milliseconds, a vector has 128 numbers. */
export function tinyLoader(options: { readonly delay?: number; readonly weights?: Uint8Array } = {}): ModelLoader {
  return {
    load: async () => {
      const weights = options.weights ?? (await tinyWeights());
      const model = await openModel({ model: "tiny", weights, device: "wasm", threads: 2 });
      await model.prepare(defaultLimits.batch);
      if (options.delay !== undefined) await new Promise((resolve) => setTimeout(resolve, options.delay));
      return { model, bytes: () => 1000 };
    },
    estimate: () => 1000,
  };
}

/** The real networks, with numbers that are made up as they are read. */
export function madeUpLoader(depths: readonly number[]): ModelLoader {
  const weights = new Map<number, StateDict>(depths.map((depth) => [depth, madeUpWeights(modelOfDepth(depth), 0)]));
  return modelLoader({ weights, batch: defaultLimits.batch, open: { device: "wasm", threads: 2, simd: "128" } });
}

export interface TestOptions extends Partial<Omit<ServiceOptions, "limits" | "store" | "log">> {
  readonly limits?: Partial<ServerLimits>;
}

export interface TestService {
  readonly service: OpenService;
  readonly app: ReturnType<typeof createApp>;
  /** The store's folder. */
  readonly folder: string;
  /** Lines of the log, parsed. */
  readonly lines: Record<string, unknown>[];
  /** Ends all, and removes the folder. */
  close(): Promise<void>;
}

export async function testService(options: TestOptions = {}): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), "residual service-"));
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "debug", base: undefined }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const store = await DataStore.open(join(folder, "store"));
  const { limits, ...others } = options;
  const service = openService({
    ...{ keys: ApiKeys.none(), loader: noLoader, threads: 2, store, log, ...others },
    limits: { ...defaultLimits, ...limits },
  });
  const app = createApp(service, { version: "0.0.0" });
  const close = async (): Promise<void> => {
    await service.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { service, app, folder: join(folder, "store"), lines, close };
}
