/** TensorFlow.js on its WebAssembly backend in Node, with SIMD: as it is there, on one thread, and with the threads that it has in browsers. */
import os from "node:os";
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { env } from "@tensorflow/tfjs-core";
import type { OpenRunner } from "../common/runner.ts";
import { keepBlobsInFiles } from "./blobs-in-node.ts";
import { openTfjs } from "./tfjs.ts";

export const openTfjsWasm: OpenRunner = async (workload) => {
  const runner = await openTfjs("wasm", workload);
  return { ...runner, threads: 1 };
};

export function openTfjsWasmThreads(threads: number): OpenRunner {
  return async (workload) => {
    keepBlobsInFiles();
    env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
    setThreadsCount(threads);
    // It takes no more threads than half the processors, supposing that the other half are the same cores' second threads.
    const [cpu] = os.cpus();
    os.cpus = () => Array(2 * threads).fill(cpu);
    const runner = await openTfjs("wasm", workload);
    return { ...runner, threads: getThreadsCount() };
  };
}
