/** This library on the CPU. */
import { openBackend, type SimdChoice } from "../../src/backends/select.ts";
import type { OptimizeFor } from "../../src/kernels/op.ts";
import { oursOn } from "../common/ours-runner.ts";
import type { OpenRunner } from "../common/runner.ts";

export interface OursOptions {
  readonly threads: number;
  readonly optimizeFor: OptimizeFor;
  /** `auto`: 256 bits where V8 has its revectoriser. */
  readonly simd: SimdChoice;
}

/** Throws where threads cannot share memory, and so would not be used. */
export function openOursCpu({ threads, simd, optimizeFor }: OursOptions): OpenRunner {
  return async (workload) => {
    const { backend } = await openBackend({ device: "wasm", threads, simd });
    if (backend.info.warning !== undefined) throw new Error(backend.info.warning);
    return oursOn(backend, workload, { optimizeFor });
  };
}
