/** This library on the CPU, as a model runs it: one session for the workload's batch. */
import { openBackend, type SimdChoice } from "../../src/backends/select.ts";
import type { OptimizeFor } from "../../src/kernels/op.ts";
import type { OpenRunner } from "../common/runner.ts";

export interface OursOptions {
  readonly threads: number;
  readonly optimizeFor: OptimizeFor;
  /** `auto`: 256 bits where V8 has its revectoriser. */
  readonly simd: SimdChoice;
}

/** Throws where threads cannot share memory, and so would not be used. */
export function openOursCpu({ threads, simd, optimizeFor }: OursOptions): OpenRunner {
  return async ({ graph, inputs, batch }) => {
    const { backend } = await openBackend({ device: "wasm", threads, simd });
    if (backend.info.warning !== undefined) throw new Error(backend.info.warning);
    const session = await backend.prepare(graph, backend.createResident(), { maxBatch: batch, optimizeFor });
    const [output] = graph.outputs;
    return {
      version: backend.info.description,
      layout: "nchw",
      run: async () => (await session.run(inputs)).get(output!.name)!.data,
      dispose: async () => backend.dispose(),
    };
  };
}
