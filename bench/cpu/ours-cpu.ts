/** This library on the CPU, as a model runs it: one session for the workload's batch. */
import { openWasmBackend } from "../../src/backends/wasm/wasm-backend.ts";
import type { OpenRunner } from "../common/runner.ts";
import type { OptimizeFor } from "./cpu-engines.ts";

export interface OursOptions {
  readonly threads: number;
  readonly optimizeFor: OptimizeFor;
  /** `auto`: 256 bits where V8 has its revectoriser. */
  readonly simd: "auto" | "128";
}

export function openOursCpu(_options: OursOptions): OpenRunner {
  return async ({ graph, inputs, batch }) => {
    const backend = await openWasmBackend();
    const session = await backend.prepare(graph, backend.createResident(), { maxBatch: batch });
    const [output] = graph.outputs;
    return {
      version: backend.info.description,
      threads: backend.capabilities.threads,
      layout: "nchw",
      run: async () => (await session.run(inputs)).get(output!.name)!.data,
      dispose: async () => backend.dispose(),
    };
  };
}
