/** onnxruntime-web's WebAssembly execution provider in Node, SIMD and threads, all graph optimisations on. */
import * as ort from "onnxruntime-web";
import type { OpenRunner } from "../common/runner.ts";
import { openOnnxruntime } from "./onnxruntime.ts";

export function openOnnxruntimeWasm(threads: number): OpenRunner {
  ort.env.wasm.numThreads = threads;
  return (workload) => openOnnxruntime(ort, workload, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
}
