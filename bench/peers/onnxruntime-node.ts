/** onnxruntime's native CPU execution provider, all graph optimisations on. */
import * as ort from "onnxruntime-node";
import type { OpenRunner } from "../common/runner.ts";
import { openOnnxruntime } from "./onnxruntime.ts";

export function openOnnxruntimeNode(threads: number): OpenRunner {
  return (workload) =>
    openOnnxruntime(ort, workload, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
}
